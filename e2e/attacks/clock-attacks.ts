// SHELL. A node whose clock is wrong: nothing that has expired comes back to life, and a clock that is ahead makes it wait.
import { expect } from "vitest";
import { withFakedClock } from "../fleet/faked-clock.ts";
import { atNode, type Attempt } from "./attempt.ts";
import { headAtNode } from "./head-attacks.ts";
import { signedHead } from "./make-documents.ts";
import { desiredKey, statusWhen, type Scene } from "./scene.ts";

const dayMs = 86_400_000;

const expired = headAtNode({
  attack: "clock in 1970, and a head that expired since",
  code: "head-expired",
  make: (scene) => signedHead(scene, { notAfter: "2020-01-01T00:00:00Z" }),
});

const ahead = atNode({
  attack: "clock a day ahead, and a head",
  how: "NATS `head`, past the controller",
  document: "head",
  code: "freeze-suspected",
  said: "status",
  act: async (scene) => {
    const head = await signedHead(scene, { notAfter: new Date(Date.now() + 3 * dayMs).toISOString() });
    await scene.store.put(desiredKey(scene, "head"), head);
  },
  undo: async () => undefined,
});

/** The node's own word shows that its clock is as wrong as it is meant to be. */
function withClock(days: () => number, attempt: Attempt): Attempt {
  return {
    ...attempt,
    run: (scene: Scene) => {
      const offset = days();
      return withFakedClock(scene.node, `${offset < 0 ? "" : "+"}${offset}d`, async () => {
        const outcome = await attempt.run(scene);
        const { at } = await statusWhen(scene, () => true);
        expect(Math.abs(Date.parse(at) - Date.now() - offset * dayMs)).toBeLessThan(dayMs / 24);
        return outcome;
      });
    },
  };
}

const daysSince1970 = () => Math.floor(Date.now() / dayMs);

export const clockAttacks: readonly Attempt[] = [
  withClock(() => 10 - daysSince1970(), expired),
  withClock(() => 1, ahead),
];
