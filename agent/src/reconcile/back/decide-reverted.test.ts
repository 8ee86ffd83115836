import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import { b, desired, headId, observed } from "../model/machine-model.ts";
import { needsOf } from "../needs.ts";
import { at, play, tries } from "../model/play-machine.ts";

const lost = at("reverted", { blame: "contact", since: 100_000 });
const later = 100_000 + 400_000;

test("a probation that was lost by contact only is tried once more, when there is contact and some time has passed", () => {
  expect(needsOf(lost).contact).toBe(true);
  expect(decide(observed({ uptimeMs: 101_000 }), lost, desired(1, b)).plan).toBeNull();
  expect(decide(observed({ uptimeMs: later, contact: false }), lost, desired(1, b)).plan).toBeNull();
  const { plan } = decide(observed({ uptimeMs: later }), lost, desired(1, b));
  expect(plan?.journal).toMatchObject({ step: "staged", attempts: { contact: 1 } });
});

test("the second loss is the last one", () => {
  const twice = { ...lost, attempts: tries({ contact: 1 }) };
  expect(needsOf(twice).contact).toBe(false);
  expect(decide(observed({ uptimeMs: later }), twice, desired(1, b)).plan).toBeNull();
});

test("what was lost for another reason, by another order, or while something forbids it is not tried again", () => {
  const seen = observed({ uptimeMs: later });
  for (const blame of ["toplevel", "none"] as const) {
    expect(decide(seen, { ...lost, blame }, desired(1, b)).plan).toBeNull();
  }
  const other = { ...lost, order: { ...lost.order, id: headId("8") } };
  expect(decide(seen, other, desired(1, b)).plan).toBeNull();
  const blocked = { state: null, reason: "held", detail: "held", repairs: false };
  expect(decide(seen, lost, desired(1, b, { blocked })).plan).toBeNull();
});

test("the second try commits where contact stays", () => {
  const run = play({ seen: observed({ uptimeMs: later }), journal: lost, want: desired(1, b) });
  expect(run.journal?.step).toBe("committed");
});
