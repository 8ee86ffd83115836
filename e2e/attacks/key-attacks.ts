// SHELL. Key sets that must not count, and the controller's online key where somebody else writes its word.
import type { ErrorCode } from "@chimera/proto/errors";
import { freshEveryMs, type Fresh } from "@chimera/proto/signed/fresh";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { keys } from "@chimera/proto/subjects";
import { atNode, byHttp, type Attempt } from "./attempt.ts";
import { newestKeySet, nextKeySet, stranger } from "./make-documents.ts";
import { desiredKey, type Scene } from "./scene.ts";

interface WrongKeySet {
  attack: string;
  code: ErrorCode;
  make: (scene: Scene) => Promise<Envelope>;
}

export function wrongKeySet({ attack, code, make }: WrongKeySet): Attempt[] {
  return [
    byHttp({
      attack,
      method: "PUT",
      shown: "/v1/keys",
      body: async (scene) => ({ envelope: await make(scene) }),
      code,
    }),
    atNode({
      attack,
      how: "NATS `keys.<n>`, past the controller",
      document: "keys",
      code,
      act: async (scene) => scene.store.put(await nextKey(scene), await make(scene)),
      undo: async (scene) => scene.store.erase(await nextKey(scene)),
    }),
  ];
}

export const keySetAttacks: readonly Attempt[] = [
  ...wrongKeySet({
    attack: "key set skipping a version",
    code: "keys-skipped",
    make: async (scene) => {
      const { version } = await newestKeySet(scene);
      return seal("keys", await nextKeySet(scene, { version: version + 2 }), scene.signers.root);
    },
  }),
  ...wrongKeySet({
    attack: "key set without the new root's proof",
    code: "signature-invalid",
    make: async (scene) => seal("keys", await withRoot(scene, stranger("new-root")), scene.signers.root),
  }),
  ...wrongKeySet({
    attack: "key set signed by its own new root alone",
    code: "signature-invalid",
    make: async (scene) => {
      const root = stranger("new-root");
      return seal("keys", await withRoot(scene, root), [root]);
    },
  }),
  ...wrongKeySet({
    attack: "key set signed by the publish key",
    code: "signature-invalid",
    make: async (scene) => seal("keys", await nextKeySet(scene), scene.signers.publish),
  }),
  ...wrongKeySet({
    attack: "key set of another fleet",
    code: "fleet-mismatch",
    make: async (scene) =>
      seal("keys", await nextKeySet(scene, { fleetId: "e".repeat(64) }), scene.signers.root),
  }),
];

async function nextKey(scene: Scene): Promise<string> {
  return keys.keySet(scene.fleet.facts.fleetId, (await newestKeySet(scene)).version + 1);
}

async function withRoot(scene: Scene, root: ReturnType<typeof stranger>) {
  const { roles } = await newestKeySet(scene);
  return nextKeySet(scene, { roles: { ...roles, root: { keys: [root.publicKey], threshold: 1 } } });
}

function wrongFresh(attack: string, sign: (scene: Scene) => readonly ReturnType<typeof stranger>[]): Attempt {
  return atNode({
    attack,
    how: "NATS `fresh`, past the controller",
    document: "fresh",
    code: "signature-invalid",
    act: async (scene) => {
      const fresh: Fresh = {
        v: 1,
        kind: "fresh",
        fleetId: scene.fleet.facts.fleetId,
        head: null,
        revision: 0,
        at: new Date(Date.now() + freshEveryMs).toISOString(),
      };
      await scene.store.put(desiredKey(scene, "fresh"), seal("fresh", fresh, sign(scene)));
    },
    undo: async (scene) => scene.store.erase(desiredKey(scene, "fresh")),
  });
}

export const freshAttacks: readonly Attempt[] = [
  wrongFresh("freshness by a key that nobody trusts", () => [stranger()]),
  wrongFresh("freshness by the panic key", ({ signers }) => signers.panic),
];
