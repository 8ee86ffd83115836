// SHELL. Heads and key sets of a fleet whose publish and root roles want two of three.
import { seal, mergeSignatures, type Envelope } from "@chimera/proto/signed/envelope";
import type { Signer } from "@chimera/proto/signed/keys";
import type { Attempt } from "./attempt.ts";
import { wrongHead } from "./head-attacks.ts";
import { wrongKeySet } from "./key-attacks.ts";
import { nextHead, nextKeySet } from "./make-documents.ts";
import { newestHead, type Scene } from "./scene.ts";

export const thresholdAttacks: readonly Attempt[] = [
  ...wrongHead({
    attack: "one signature short",
    code: "signature-invalid",
    make: async (scene) => seal("head", await nextHead(scene), [first(scene.signers.publish)]),
  }),
  ...wrongHead({
    attack: "the same key twice",
    code: "signature-invalid",
    make: async (scene) => {
      const alice = first(scene.signers.publish);
      return seal("head", await nextHead(scene), [alice, alice]);
    },
  }),
  ...wrongHead({
    attack: "the same key twice, once under another's name",
    code: "signature-invalid",
    make: async (scene) => {
      const [alice, bob] = scene.signers.publish;
      const head = await nextHead(scene);
      return seal("head", head, [
        first(scene.signers.publish),
        { ...first([alice]), name: first([bob]).name },
      ]);
    },
  }),
  ...wrongHead({
    attack: "two signatures of two heads in one envelope",
    code: "signature-invalid",
    make: async (scene) => signaturesOfTwoHeads(scene),
  }),
  ...wrongKeySet({
    attack: "key set one signature short",
    code: "signature-invalid",
    make: async (scene) => seal("keys", await nextKeySet(scene), [first(scene.signers.root)]),
  }),
  ...wrongKeySet({
    attack: "key set by the same root key twice",
    code: "signature-invalid",
    make: async (scene) => {
      const root = first(scene.signers.root);
      return seal("keys", await nextKeySet(scene), [root, root]);
    },
  }),
];

async function signaturesOfTwoHeads(scene: Scene): Promise<Envelope> {
  const [alice, bob] = scene.signers.publish;
  const head = await nextHead(scene);
  const one = seal("head", head, [first([alice])]);
  const other = seal("head", { ...head, reason: "harmless" }, [first([bob])]);
  return mergeSignatures(one, { ...other, payload: one.payload });
}

/** After root began another epoch: what was right in the one before. */
export function epochAttacks(old: () => Envelope): readonly Attempt[] {
  return [
    ...wrongHead({
      attack: "epoch replay: a head of the epoch before",
      code: "order-stale",
      make: async () => old(),
    }),
    ...wrongHead({
      attack: "epoch replay: the epoch before, under a higher serial",
      code: "order-stale",
      make: async (scene) => {
        const { epoch, serial } = (await newestHead(scene)).head;
        const head = await nextHead(scene, { epoch: epoch - 1, serial: serial + 5 });
        return seal("head", head, scene.signers.publish);
      },
    }),
  ];
}

/** After rotation: by the key that was replaced. */
export function rotatedKeyAttacks(attack: string, old: () => Signer): readonly Attempt[] {
  return wrongHead({
    attack,
    code: "signature-invalid",
    make: async (scene) => seal("head", await nextHead(scene), [old()]),
  });
}

function first(signers: readonly (Signer | undefined)[]): Signer {
  const [signer] = signers;
  if (signer === undefined) throw new Error("no signer");
  return signer;
}
