// PURE. The orders that trials give: which system, what may come of it, and which steps of the journal it passes.
import type { SystemSpec } from "../../lab/os/system-spec.ts";
import type { JournalStep } from "./journal-steps.ts";

/** Systems that lie on every node of a soak. `a` and `b` are good: each is the way back from the other. */
export const systemNames = [
  "a",
  "b",
  "exit1",
  "exit2",
  "exit4",
  "fail-unit",
  "hang",
  "exit100",
  "kill-agent",
  "cut-network",
  "fill-disk",
  "kernel",
  "kernel-bad",
  "alien",
] as const;
export type SystemName = (typeof systemNames)[number];

/** Those of them that lie on VMs: there each copy takes its time. */
export const vmSystemNames: readonly SystemName[] = ["a", "b", "exit2", "exit4", "kernel", "kernel-bad"];

/** What differs from `a`, beside the label. */
export const systemChanges: Record<SystemName, Partial<SystemSpec>> = {
  a: {},
  b: {},
  exit1: { fault: "exit1" },
  exit2: { fault: "exit2" },
  exit4: { fault: "exit4" },
  "fail-unit": { fault: "fail-unit" },
  hang: { fault: "hang" },
  exit100: { fault: "exit100" },
  "kill-agent": { fault: "kill-agent" },
  "cut-network": { fault: "cut-network" },
  "fill-disk": { fault: "fill-disk" },
  kernel: { kernelVersion: "6.13.0-lab" },
  "kernel-bad": { kernelVersion: "6.13.0-lab", fault: "exit4" },
  // One file of it is changed on the node: it says to be built for another processor.
  alien: {},
};

/** Part of its store path's name. */
export function labelOf(name: SystemName): string {
  return `soak-${name}`;
}

/** Short times: what is wrong with these systems shows at once. */
export const soakAgentConfig = {
  probationSeconds: 1,
  activationSeconds: 20,
  reboot: { policy: "when-needed" },
};

/** What a trial may end as. `halted`: neither, but known, said and whole; it needs a person. */
export type End = "old" | "new" | "halted";

export interface Scenario {
  /**
   * What is ordered; `other` is the good system that does not run. `looping-journal`: no order, but a journal of one for `other`
   * that has taken more steps than any order needs.
   */
  order: SystemName | "other" | "looping-journal";
  /** What is wrong with the node already. */
  setting: "none" | "no-way-back" | "small-state-disk" | "small-boot";
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
  committed: { scenario: "good", writes: 1 },
  "staged-for-reboot": { scenario: "reboot", writes: 1 },
  "preparing-reboot": { scenario: "reboot", writes: 5 },
  rebooting: { scenario: "reboot", writes: 1 },
  reverting: { scenario: "exit2", writes: 4 },
  "falling-back": { scenario: "reboot-bad", writes: 1 },
  reverted: { scenario: "exit2", writes: 1 },
  "revert-failed": { scenario: "no-way-back", writes: 1 },
  refused: { scenario: "alien", writes: 1 },
  stuck: { scenario: "loop", writes: 1 },
};
