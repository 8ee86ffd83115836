// PURE. Which trial is done: everything about it follows from a seed and its number, so that it can be done again.
import { z } from "zod";
import { randomFrom } from "../trial.ts";
import { faultNames } from "./fault-table.ts";
import { JournalStep } from "./journal-steps.ts";
import { reachBy, type ScenarioName } from "./scenarios.ts";

export const Mode = z.enum(["kills", "cuts", "steps", "faults", "vm"]);
export type Mode = z.infer<typeof Mode>;

/** What dies: the agent; tmux, supervisor and agent at once while the activation's own unit runs on; the machine. */
export const Scope = z.enum(["agent", "sentinel", "machine"]);
export type Scope = z.infer<typeof Scope>;

export type Moment =
  /** So long after the journal's write number `write` (from 0) in this step, one of the order's. */
  | { kind: "write"; step: JournalStep; write: number; delayMs: number }
  /** So long after the order. */
  | { kind: "after"; ms: number };

export interface TrialId {
  seed: number;
  trial: number;
  /** The one mode that was asked for; null: all that containers can do, in turn. */
  only: Mode | null;
}

export type TrialPlan =
  | { kind: "kill"; mode: Mode; scope: Scope; scenario: ScenarioName; moment: Moment }
  | { kind: "fault"; mode: "faults"; fault: string };

/** Process kills are cheap, and many are wanted. */
const turns: readonly Mode[] = ["kills", "steps", "kills", "kills", "cuts", "kills", "steps", "faults"];

/** The last moment of a random kill: by then the slowest of the orders has come to rest. */
const orderMs: Record<ScenarioName, number> = {
  good: 4_000,
  exit1: 3_000,
  exit2: 4_000,
  exit4: 4_500,
  reboot: 6_000,
  "reboot-bad": 9_000,
  alien: 1_500,
  "no-way-back": 12_000,
  loop: 3_000,
};

/** By weight: most orders are good ones. */
const drawn: readonly ScenarioName[] = [
  "good",
  "good",
  "good",
  "good",
  "exit1",
  "exit2",
  "exit4",
  "reboot",
  "reboot-bad",
];

/** Systems that lie on VMs. */
const drawnInVm: readonly ScenarioName[] = ["good", "good", "good", "exit2", "exit4", "reboot", "reboot-bad"];

/** Emulated processors. */
const vmSlowness = 12;

export function planTrial(id: TrialId): TrialPlan {
  const { mode, ordinal } = modeOf(id);
  const random = randomFrom(trialSeed(id));
  switch (mode) {
    case "kills":
      return randomKill({ mode, scope: pick(["agent", "sentinel"], random), slowness: 1 }, random);
    case "cuts":
      return randomKill({ mode, scope: "machine", slowness: 1 }, random);
    case "vm":
      return randomKill({ mode, scope: "machine", slowness: vmSlowness }, random);
    case "steps":
      return killInStep(ordinal, random);
    case "faults":
      return {
        kind: "fault",
        mode,
        fault: faultNames[ordinal % faultNames.length] ?? "",
      };
  }
}

/** Far apart for neighbouring trials, and the same in every run. */
export function trialSeed({ seed, trial }: Pick<TrialId, "seed" | "trial">): number {
  return Math.floor(randomFrom(seed ^ Math.imul(trial + 1, 0x9e3779b1))() * 2 ** 32);
}

/** `ordinal`: how many trials of that mode came before it. */
function modeOf({ trial, only }: TrialId): { mode: Mode; ordinal: number } {
  if (only !== null) return { mode: only, ordinal: trial };
  const mode = turns[trial % turns.length] ?? "kills";
  const perRound = turns.filter((turn) => turn === mode).length;
  const before = turns.slice(0, trial % turns.length).filter((turn) => turn === mode).length;
  return { mode, ordinal: Math.floor(trial / turns.length) * perRound + before };
}

interface RandomKill {
  mode: Mode;
  scope: Scope;
  slowness: number;
}

function randomKill({ mode, scope, slowness }: RandomKill, random: () => number): TrialPlan {
  const scenario = pick(mode === "vm" ? drawnInVm : drawn, random);
  const ms = Math.round(random() * orderMs[scenario] * slowness);
  return { kind: "kill", mode, scope, scenario, moment: { kind: "after", ms } };
}

/** Every step in every scope, then again with the next write of the step. */
function killInStep(ordinal: number, random: () => number): TrialPlan {
  const steps = JournalStep.options;
  const scopes = Scope.options;
  const cell = ordinal % (steps.length * scopes.length);
  const round = Math.floor(ordinal / (steps.length * scopes.length));
  const step = steps[Math.floor(cell / scopes.length)] ?? "accepted";
  const scope = scopes[cell % scopes.length] ?? "agent";
  const { scenario, writes } = reachBy[step];
  const delayMs = random() < 0.5 ? 0 : Math.round(random() * 300);
  const moment: Moment = { kind: "write", step, write: round % writes, delayMs };
  return { kind: "kill", mode: "steps", scope, scenario, moment };
}

function pick<T>(all: readonly T[], random: () => number): T {
  const chosen = all[Math.floor(random() * all.length)];
  if (chosen === undefined) throw new RangeError("nothing to choose from");
  return chosen;
}
