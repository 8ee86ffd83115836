import { expect, test } from "vitest";
import { faultNames } from "./fault-table.ts";
import { JournalStep } from "./journal-steps.ts";
import { reachBy } from "./scenarios.ts";
import { planTrial, Scope, trialSeed, type Mode, type TrialPlan } from "./trial-plan.ts";

const plans = (count: number, only: Mode | null = null, seed = 7): TrialPlan[] =>
  Array.from({ length: count }, (_, trial) => planTrial({ seed, trial, only }));

const scopes = (only: Mode) =>
  new Set(plans(60, only).map((plan) => (plan.kind === "kill" ? plan.scope : null)));

test("the same seed and number give the same trial, whatever was planned before", () => {
  const all = plans(200);
  expect(planTrial({ seed: 7, trial: 150, only: null })).toEqual(all[150]);
  expect(plans(200)).toEqual(all);
});

test("another seed gives other moments", () => {
  expect(plans(50, "kills", 8)).not.toEqual(plans(50, "kills", 7));
});

test("neighbouring trials and seeds have nothing in common", () => {
  const seeds = [0, 1, 2].flatMap((seed) => [0, 1, 2, 3].map((trial) => trialSeed({ seed, trial })));
  expect(new Set(seeds).size).toBe(seeds.length);
});

test("one round of steps is every step in every scope, and the next aims at the next write", () => {
  const cells = JournalStep.options.length * Scope.options.length;
  const names = (from: number) =>
    plans(cells * 2, "steps")
      .slice(from, from + cells)
      .map((plan) => {
        if (plan.kind !== "kill" || plan.moment.kind !== "write") throw new Error("no kill at a write");
        return { cell: `${plan.moment.step} ${plan.scope}`, write: plan.moment.write };
      });
  expect(new Set(names(0).map(({ cell }) => cell)).size).toBe(cells);
  expect(names(0).every(({ write }) => write === 0)).toBe(true);
  const second = names(cells).find(({ cell }) => cell.startsWith("committing"));
  expect(second?.write).toBe(1);
});

test("a kill in a step orders what reaches that step", () => {
  for (const plan of plans(96, "steps")) {
    if (plan.kind !== "kill" || plan.moment.kind !== "write") throw new Error("no kill at a write");
    expect(plan.scenario).toBe(reachBy[plan.moment.step].scenario);
  }
});

test("in turn there is something of every mode that containers can do, process kills most", () => {
  const modes = plans(80).map(({ mode }) => mode);
  expect(new Set(modes)).toEqual(new Set(["kills", "steps", "cuts", "faults"]));
  expect(modes.filter((mode) => mode === "kills")).toHaveLength(40);
});

test("every fault has its turn before one comes twice", () => {
  const names = plans(faultNames.length, "faults").map((plan) => plan.kind === "fault" && plan.fault);
  expect(new Set(names).size).toBe(faultNames.length);
});

test("random cuts end machines, random kills only processes", () => {
  expect(scopes("cuts")).toEqual(new Set(["machine"]));
  expect(scopes("kills")).toEqual(new Set(["agent", "sentinel"]));
});
