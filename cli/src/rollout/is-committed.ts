/** PURE. Whether a rollout that is said to be over is: the record that says so is signed by nobody, and whoever stops a rollout must not be kept from that by it. */
import { provenOf } from "@chimera/proto/rollout/rollout-policy";
import { failedStates, type StateWord } from "@chimera/proto/state-word";
import type { CurrentRollout, WaveProgress } from "../print/documents/rollout-text.ts";

/** "silent" is the word for who has not taken the head. */
const settled: ReadonlySet<string> = new Set([
  "silent",
  ...failedStates,
  ...(["committed", "held"] satisfies StateWord[]),
]);

/** Enough of each wave but the last have committed, by their own signatures, and nobody is on the way. */
export function isCommitted({ waves, policy }: Pick<CurrentRollout, "waves" | "policy">): boolean {
  const isProven = waves
    .slice(0, -1)
    .every(({ size, states }) => (states["committed"] ?? 0) >= provenOf(policy, size));
  return isProven && waves.every(isStill) && waves.some(({ states }) => (states["committed"] ?? 0) > 0);
}

function isStill({ states }: WaveProgress): boolean {
  return Object.keys(states).every((state) => settled.has(state));
}
