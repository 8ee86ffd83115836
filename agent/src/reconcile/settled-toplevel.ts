/** PURE. What the journal says to whoever compares the running machine with a closure. */
import type { StorePath } from "@chimera/proto/names";
import type { Journal, Step } from "./journal.ts";

/** The system that /etc must agree with now; null while that is not known to have been ours. */
export function settledToplevel(journal: Journal | null): StorePath | null {
  if (journal === null) return null;
  const { step, toplevel, lastCommitted, before } = journal;
  // What still runs then is the system that is being left.
  if (journal.isGoingBack) return null;
  if (step === "committed" || step === "committing" || step === "probation") return toplevel;
  if (untouched.has(step)) return lastCommitted;
  return before.current === lastCommitted ? lastCommitted : null;
}

/** Nothing that runs was changed by the order yet. */
const untouched: ReadonlySet<Step> = new Set<Step>([
  "accepted",
  "staged",
  "arming",
  "staged-for-reboot",
  "preparing-reboot",
  "rebooting",
  "refused",
]);

/** While this holds, /etc is being rewritten by us. */
export function isSwitching(journal: Journal | null): boolean {
  return journal?.step === "activating" || journal?.step === "reverting";
}
