import { expect, test } from "vitest";
import type { LedgerLine } from "./ledger-line.ts";
import { machineOf, nextOf } from "./next-trial.ts";
import type { Mode } from "./trial-plan.ts";

function line(seed: number, trial: number, only: Mode | null): LedgerLine {
  return {
    soak: "activation",
    commit: "abc",
    at: "2026-11-23T14:26:26.147Z",
    machine: "container",
    node: "n1",
    seed,
    trial,
    only,
    mode: "kills",
    scope: "agent",
    fault: null,
    scenario: "good",
    aim: "3 ms after the order",
    step: null,
    write: null,
    hit: true,
    systems: { from: "soak-a", to: "soak-b" },
    end: "old",
    ok: true,
    wrong: [],
    ms: 1,
  };
}

const still = () => 0;

test("so many trials as were asked for, numbered from 0", () => {
  const next = nextOf({ seed: 3, trials: 2, lines: [], nowMs: still });
  expect([next(), next(), next()]).toEqual([
    { seed: 3, trial: 0, only: null },
    { seed: 3, trial: 1, only: null },
    undefined,
  ]);
});

test("hours end by the clock, and no trial is begun after them", () => {
  let now = 0;
  const next = nextOf({ seed: 3, hours: 1, lines: [], nowMs: () => now });
  expect(next()).toBeDefined();
  now = 3_600_001;
  expect(next()).toBeUndefined();
});

test("a replay does the ledger's trials of that seed again, with the mode they were drawn by", () => {
  const lines = [line(3, 5, "cuts"), line(4, 6, null), line(3, 9, null), line(3, 5, "cuts")];
  const next = nextOf({ seed: 3, replay: { seed: 3 }, lines, nowMs: still });
  expect([next(), next(), next()]).toEqual([
    { seed: 3, trial: 5, only: "cuts" },
    { seed: 3, trial: 9, only: null },
    undefined,
  ]);
});

test("a replay of one trial does only that one, known or not", () => {
  const known = nextOf({ seed: 3, replay: { seed: 3, trial: 5 }, lines: [line(3, 5, "cuts")], nowMs: still });
  expect([known(), known()]).toEqual([{ seed: 3, trial: 5, only: "cuts" }, undefined]);
  const unknown = nextOf({
    seed: 3,
    only: "steps",
    replay: { seed: 3, trial: 8 },
    lines: [],
    nowMs: still,
  });
  expect(unknown()).toEqual({ seed: 3, trial: 8, only: "steps" });
});

test("VMs are started for what VMs did, or are asked to do", () => {
  const base = { seed: 3, lines: [line(3, 5, "vm"), line(4, 5, "cuts")], nowMs: still };
  expect(machineOf({ ...base, only: "vm" })).toBe("vm");
  expect(machineOf({ ...base, replay: { seed: 3, trial: 5 } })).toBe("vm");
  expect(machineOf({ ...base, replay: { seed: 4, trial: 5 } })).toBe("container");
  expect(machineOf(base)).toBe("container");
});
