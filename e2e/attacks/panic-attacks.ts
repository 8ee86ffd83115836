// SHELL. Panics that must not count. A panic undoes exactly one head; with anything else it does nothing.
import type { ErrorCode } from "@chimera/proto/errors";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { atNode, byHttp, type Attempt } from "./attempt.ts";
import { panicForNewest } from "./make-documents.ts";
import { desiredKey, newestHead, type Scene } from "./scene.ts";

interface WrongPanic {
  attack: string;
  code: ErrorCode;
  make: (scene: Scene) => Promise<Envelope>;
}

function wrongPanic({ attack, code, make }: WrongPanic): Attempt[] {
  return [
    byHttp({
      attack,
      method: "PUT",
      shown: "/v1/panic",
      body: async (scene) => ({ envelope: await make(scene) }),
      code,
    }),
    atNode({
      attack,
      how: "NATS `panic`, past the controller",
      document: "panic",
      code,
      act: async (scene) => scene.store.put(desiredKey(scene, "panic"), await make(scene)),
      undo: async (scene) => scene.store.erase(desiredKey(scene, "panic")),
    }),
  ];
}

const byPanicKey = async (scene: Scene, changes = {}) =>
  seal("panic", await panicForNewest(scene, changes), scene.signers.panic);

/** `superseded` is the panic for the head before the newest, signed when that was the newest. */
export function panicAttacks(superseded: () => Envelope): readonly Attempt[] {
  return [
    ...wrongPanic({
      attack: "panic after a newer head",
      code: "panic-void",
      make: async () => superseded(),
    }),
    ...wrongPanic({
      attack: "panic for a head that is not current",
      code: "panic-void",
      make: async (scene) => byPanicKey(scene, { undoes: "0".repeat(64) }),
    }),
    ...wrongPanic({
      attack: "panic for a head that nobody published",
      code: "panic-void",
      make: async (scene) =>
        byPanicKey(scene, { serial: (await newestHead(scene)).head.serial + 5, undoes: "0".repeat(64) }),
    }),
    ...wrongPanic({
      attack: "panic by the publish key",
      code: "signature-invalid",
      make: async (scene) => seal("panic", await panicForNewest(scene), scene.signers.publish),
    }),
    ...wrongPanic({
      attack: "panic of another fleet",
      code: "fleet-mismatch",
      make: async (scene) => byPanicKey(scene, { fleetId: "e".repeat(64) }),
    }),
  ];
}

export const rolloutAttacks: readonly Attempt[] = [
  atNode({
    attack: "rollout record of another head",
    how: "NATS `rollout`, past the controller",
    document: "rollout",
    code: "rollout-foreign",
    act: async (scene) => scene.store.put(desiredKey(scene, "rollout"), foreignRecord()),
    undo: async (scene) => scene.store.erase(desiredKey(scene, "rollout")),
  }),
  atNode({
    attack: "rollout record that calls the accepted head back",
    how: "NATS `rollout`, past the controller",
    document: "rollout",
    code: "consent-missing",
    act: async (scene) => {
      const { id } = await newestHead(scene);
      await scene.store.put(desiredKey(scene, "rollout"), { ...foreignRecord(), head: id });
    },
    undo: async (scene) => scene.store.erase(desiredKey(scene, "rollout")),
  }),
];

function foreignRecord() {
  return {
    v: 1,
    head: "0".repeat(64),
    lease: 1,
    phase: "returned",
    reason: "attack",
    at: new Date().toISOString(),
  };
}
