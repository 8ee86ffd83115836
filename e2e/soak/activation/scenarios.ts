// PURE. The orders that trials give: which system, what may come of it, and which steps of the journal it passes.
import type { JournalStep } from "./journal-steps.ts";
import type { SystemName } from "./systems.ts";

/** What a trial may end as. `halted`: neither, but known, said and whole; it needs a person. */
export type End = "old" | "new" | "halted";

export interface Scenario {
  /**
   * What is ordered; `other` is the good system that does not run. `looping-journal`: no order, but a journal of one for `other`
   * that has taken more steps than any order needs.
   */
  order: SystemName | "other" | "looping-journal";
  /** What is wrong with the node already; `patient` runs a system that asks for a long probation. */
  setting: "none" | "no-way-back" | "small-state-disk" | "small-boot" | "small-store" | "patient";
  ends: readonly End[];
}

export const scenarios = {
  good: { order: "other", setting: "none", ends: ["old", "new"] },
  exit1: { order: "exit1", setting: "none", ends: ["old"] },
  exit2: { order: "exit2", setting: "none", ends: ["old"] },
  exit4: { order: "exit4", setting: "none", ends: ["old"] },
  reboot: { order: "kernel", setting: "none", ends: ["old", "new"] },
  "reboot-bad": { order: "kernel-bad", setting: "none", ends: ["old"] },
  alien: { order: "alien", setting: "none", ends: ["old"] },
  "no-way-back": { order: "exit2", setting: "no-way-back", ends: ["old", "halted"] },
  loop: { order: "looping-journal", setting: "none", ends: ["old", "halted"] },
} as const satisfies Record<string, Scenario>;
export type ScenarioName = keyof typeof scenarios;

export interface Reach {
  scenario: ScenarioName;
  /** How many of the step's own writes are aimed at, one after the other. */
  writes: number;
}

/** How each step of the journal is come by. */
export const reachBy: Record<JournalStep, Reach> = {
  accepted: { scenario: "good", writes: 2 },
  staged: { scenario: "good", writes: 1 },
  arming: { scenario: "good", writes: 1 },
  activating: { scenario: "good", writes: 1 },
  probation: { scenario: "good", writes: 2 },
  committing: { scenario: "good", writes: 4 },
  committed: { scenario: "good", writes: 3 },
  "staged-for-reboot": { scenario: "reboot", writes: 1 },
  "preparing-reboot": { scenario: "reboot", writes: 5 },
  rebooting: { scenario: "reboot", writes: 2 },
  reverting: { scenario: "exit2", writes: 4 },
  "falling-back": { scenario: "reboot-bad", writes: 2 },
  reverted: { scenario: "exit2", writes: 3 },
  "revert-failed": { scenario: "no-way-back", writes: 1 },
  refused: { scenario: "alien", writes: 1 },
  stuck: { scenario: "loop", writes: 1 },
};
