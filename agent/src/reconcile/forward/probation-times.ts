/** PURE. How long a new system may take to prove itself. */
import { neededMs, settlingMs } from "@chimera/proto/rollout/patience";
import type { Journal } from "../journal.ts";

/** Since the activation's end: the asked time, what the checks need to pass at all, and a while to settle. */
export function deadlineMs({ probationMs, policy }: Pick<Journal, "probationMs" | "policy">): number {
  return Math.max(probationMs, neededMs(policy.checks, policy.units)) + settlingMs;
}
