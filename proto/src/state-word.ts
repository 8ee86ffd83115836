/** PURE. The state words of activation.md: one enum in journal, status, API and CLI. What is read may be of a newer agent. */
import { z } from "zod";

export const StateWord = z.enum([
  "idle",
  "fetching",
  "staged",
  "activating",
  "probation",
  "committing",
  "committed",
  "staged-for-reboot",
  "rebooting",
  "reverting",
  "reverted",
  "revert-failed",
  "held",
  "refused",
  "stuck",
  "quarantined",
  "unreachable",
  "panic-no-target",
]);
export type StateWord = z.infer<typeof StateWord>;

/** Of these a node tries nothing more by itself: only another order, or a person, leads out. */
export const failedStates: ReadonlySet<string> = new Set<StateWord>([
  "reverted",
  "revert-failed",
  "refused",
  "stuck",
  "quarantined",
  "panic-no-target",
]);
