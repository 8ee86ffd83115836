// PURE. A fault as data: what is ordered, what is done to the node and when, and how that may end.
import type { JournalStep } from "../journal-steps.ts";
import type { End, Scenario } from "../scenarios.ts";
import type { SystemName } from "../systems.ts";

/** What is done to a node from outside; do-deed.ts does it. */
export type DeedName =
  | "nothing"
  | "fail a unit"
  | "cut off from the hub"
  | "fill the state disk"
  | "fill the boot partition"
  | "cut the journal short"
  | "make the journal garbage"
  | "make the journal one of version 1"
  | "make the journal one of a later version"
  | "remove the old system from the store"
  | "switch to the old system by hand"
  | "stop tmux"
  | "kill tmux";

export interface Fault {
  order: SystemName | "other";
  /** Ordered by a signed head, while no other node is in a trial; run-fetch-fault.ts says how. */
  byHead?: true;
  /** What is wrong with the node already. */
  setting?: Scenario["setting"];
  deed?: DeedName;
  /** At the first write of this step, or before the order. */
  when?: JournalStep | "before";
  /** What was done is undone so long after; else when the trial is over. */
  lastsMs?: number;
  ends: readonly End[];
  /** At the earliest it is judged so long after the order. */
  notBeforeMs?: number;
  /** At the latest it must have come to rest so long after the order. */
  restMs?: number;
}

/** Contact is given two minutes to come back. */
export const contactRestMs = 240_000;
