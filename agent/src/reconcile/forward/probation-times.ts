/** PURE. How long a new system may take to prove itself. */
import type { Journal } from "../journal.ts";

/** How long after the asked time a node may still be settling. */
const graceMs = 60_000;

/** How long a node that had contact before may be without it. */
export const contactMs = 120_000;

/** Since the activation's end: the asked time, what the checks need to pass at all, and a while to settle. */
export function deadlineMs({ probationMs, policy }: Pick<Journal, "probationMs" | "policy">): number {
  const needed = policy.checks
    .filter(({ from }) => from === "node")
    .map(
      ({ graceSeconds, everySeconds, timeoutSeconds, passes }) =>
        1000 * (graceSeconds + (everySeconds + timeoutSeconds) * passes),
    );
  const settling = policy.units.map(({ settleSeconds }) => settleSeconds * 1000);
  return Math.max(probationMs, ...needed, ...settling) + graceMs;
}
