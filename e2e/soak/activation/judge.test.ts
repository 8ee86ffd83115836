import { expect, test } from "vitest";
import type { JournalGlimpse, JournalStep } from "./journal-steps.ts";
import { judge, type Expected } from "./judge.ts";
import type { NodeFacts } from "./node-facts.ts";

const old = "/nix/store/aaa-nixos-system-n1-soak-a";
const wanted = "/nix/store/bbb-nixos-system-n1-soak-b";

function journal(step: JournalStep, toplevel: string, id = "new"): JournalGlimpse {
  return { v: 2, order: { id, serial: 1 }, toplevel, step, unit: null, problem: null };
}

const expected: Expected = {
  from: old,
  to: wanted,
  ends: ["old", "new"],
  earlier: journal("committed", old, "earlier"),
  failedBefore: [],
};

function on(system: string, step: JournalStep, changes: Partial<NodeFacts> = {}): NodeFacts {
  return {
    current: system,
    profile: system,
    bootDefault: system,
    systemState: "running",
    failedUnits: [],
    transientUnits: [],
    quarantine: [],
    agents: [100],
    atRest: 100,
    journal: journal(step, wanted),
    uptimeMs: 1000,
    ...changes,
  };
}

test("all on the new one and committed is new", () => {
  expect(judge(on(wanted, "committed"), expected)).toEqual({ end: "new", ok: true, wrong: [] });
});

test("all on the old one and said so is old", () => {
  for (const step of ["reverted", "refused"] as const) {
    expect(judge(on(old, step), expected)).toMatchObject({ end: "old", ok: true });
  }
});

test("an order that was lost with who was to take it leaves the earlier journal", () => {
  const lost = on(old, "committed", { journal: expected.earlier });
  expect(judge(lost, expected)).toMatchObject({ end: "old", ok: true });
});

test("pointers that disagree are half, whichever disagrees", () => {
  for (const changes of [{ current: old }, { profile: old }, { bootDefault: old }]) {
    expect(judge(on(wanted, "committed", changes), expected)).toMatchObject({ end: "half", ok: false });
  }
});

test("a system that is neither of the two is half", () => {
  const other = "/nix/store/ccc-nixos-system-n1-soak-c";
  expect(judge(on(other, "committed"), expected)).toMatchObject({ end: "half", ok: false });
});

test("a state word that does not fit what runs is half", () => {
  expect(judge(on(old, "committed"), expected)).toMatchObject({ end: "half", ok: false });
  expect(judge(on(wanted, "reverted"), expected)).toMatchObject({ end: "half", ok: false });
  expect(judge(on(wanted, "probation"), expected)).toMatchObject({ end: "half", ok: false });
});

test("a journal of another order, or none that can be read, is half", () => {
  const foreign = on(old, "reverted", { journal: journal("reverted", "/nix/store/ddd-x") });
  expect(judge(foreign, expected)).toMatchObject({ end: "half", ok: false });
  expect(judge(on(old, "reverted", { journal: undefined }), expected)).toMatchObject({ ok: false });
});

test("what is left over is wrong, though the node points to one system", () => {
  const leftovers: Partial<NodeFacts>[] = [
    { failedUnits: ["lab-fault.service"] },
    { transientUnits: ["chimera-dead-man-7.timer"] },
    { agents: [] },
    { agents: [100, 200] },
    { systemState: "starting" },
  ];
  for (const changes of leftovers) {
    const verdict = judge(on(wanted, "committed", changes), expected);
    expect(verdict, JSON.stringify(changes)).toMatchObject({ end: "new", ok: false });
    expect(verdict.wrong).toHaveLength(1);
  }
});

test("a unit that had failed before is not the trial's", () => {
  const facts = on(wanted, "committed", { failedUnits: ["x.service"], systemState: "degraded" });
  expect(judge(facts, { ...expected, failedBefore: ["x.service"] })).toMatchObject({ ok: true });
});

test("a node that may only be on the old system is wrong on the new one", () => {
  expect(judge(on(wanted, "committed"), { ...expected, ends: ["old"] })).toMatchObject({
    end: "new",
    ok: false,
  });
});

test("a halt is whole only where the next boot ends in the old system", () => {
  const halting: Expected = { ...expected, ends: ["halted"] };
  const pointers = { profile: old, bootDefault: old };
  expect(judge(on(wanted, "revert-failed", pointers), halting)).toMatchObject({ end: "halted", ok: true });
  expect(judge(on(old, "stuck"), halting)).toMatchObject({ end: "halted", ok: true });
  expect(judge(on(wanted, "revert-failed"), halting)).toMatchObject({ end: "half", ok: false });
  // Why it was to be left.
  const failing = on(wanted, "revert-failed", { ...pointers, failedUnits: ["lab-fault.service"] });
  expect(judge(failing, halting)).toMatchObject({ end: "halted", ok: true });
});
