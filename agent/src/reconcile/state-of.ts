/** PURE. The state word of a step: what the node says of itself. */
import type { StateWord } from "@chimera/proto/state-word";
import type { Journal, Step } from "./journal.ts";

export function stateOf(journal: Journal | null): StateWord {
  return journal === null ? "idle" : words[journal.step];
}

const words: Record<Step, StateWord> = {
  accepted: "fetching",
  staged: "staged",
  arming: "activating",
  activating: "activating",
  probation: "probation",
  committing: "committing",
  committed: "committed",
  "staged-for-reboot": "staged-for-reboot",
  "preparing-reboot": "staged-for-reboot",
  rebooting: "rebooting",
  reverting: "reverting",
  "falling-back": "reverting",
  reverted: "reverted",
  "revert-failed": "revert-failed",
  refused: "refused",
  stuck: "stuck",
};
