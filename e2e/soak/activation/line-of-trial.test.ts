import { expect, test } from "vitest";
import { LedgerLine } from "./ledger-line.ts";
import { describeLine, lineOf } from "./line-of-trial.ts";
import type { TrialEnd } from "./trial-end.ts";
import type { TrialPlan } from "./trial-plan.ts";

const made = { machine: "container", node: "n1", commit: "abc", at: "2026-11-23T14:26:26.147Z" } as const;
const id = { seed: 7, trial: 3, only: null };
const kill: TrialPlan = {
  kind: "kill",
  mode: "steps",
  scope: "sentinel",
  scenario: "good",
  moment: { kind: "write", step: "committing", write: 2, delayMs: 40 },
};
const end: TrialEnd = {
  systems: {
    from: "/nix/store/aaa-nixos-system-n1-soak-a",
    to: "/nix/store/bbb-nixos-system-n1-soak-kernel-bad",
  },
  shot: { hit: true, died: { step: "committing", write: 3 } },
  verdict: { end: "new", ok: true, wrong: [] },
  facts: null,
  ms: 1200,
};

test("a line says what was hit, not what was aimed at", () => {
  const line = lineOf({ id, plan: kill, end, made });
  expect(LedgerLine.parse(line)).toEqual(line);
  expect(line).toMatchObject({
    aim: "committing, write 2, 40 ms later",
    step: "committing",
    write: 3,
    hit: true,
    systems: { from: "soak-a", to: "soak-kernel-bad" },
  });
});

test("nobody killed is no step, whatever the journal held", () => {
  const missed: TrialEnd = { ...end, shot: { hit: false, died: end.shot?.died ?? null } };
  expect(lineOf({ id, plan: kill, end: missed, made })).toMatchObject({
    hit: false,
    step: null,
    write: null,
  });
});

test("a fault has its name and no scope", () => {
  const plan: TrialPlan = { kind: "fault", mode: "faults", fault: "activation hangs" };
  const line = lineOf({ id, plan, end: { ...end, shot: null }, made });
  expect(LedgerLine.parse(line)).toMatchObject({ fault: "activation hangs", scope: null, scenario: null });
  expect(describeLine(line)).toContain("activation hangs -> new (1200 ms)");
});

test("a failed line says what is wrong", () => {
  const verdict = { end: "half", ok: false, wrong: ["2 agents"] } as const;
  const line = lineOf({
    id,
    plan: kill,
    end: { ...end, verdict: { ...verdict, wrong: ["2 agents"] } },
    made,
  });
  expect(describeLine(line)).toMatch(/^FAILED 3 n1 .*: 2 agents$/);
});
