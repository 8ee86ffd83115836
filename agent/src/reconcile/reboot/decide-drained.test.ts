import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import type { Journal } from "../journal.ts";
import { newJournal } from "../new-journal.ts";
import { a, b, c, desired, observed, panicOf } from "../model/machine-model.ts";
import { at, kinds, play } from "../model/play-machine.ts";

const owed = { failures: 0, retryAt: null, left: null };
const onNew = { current: b, booted: b, profile: b, bootDefault: b };
const seen = { ...observed({ system: onNew }), drainSeconds: 300, undrainSeconds: 120 };
const committed = at("committed", { drained: owed });
const unit = { name: "chimera-undrain-1", action: "undrain" as const, toplevel: b };
const undraining: Journal = { ...committed, unit };
const ended = (exitCode: number) => ({ kind: "ended", result: "exited", exitCode }) as const;

test("a node that was emptied gets its work back once it has committed, and only then is settled", () => {
  const begun = decide(seen, committed, desired(1, b));
  expect(begun.plan).toMatchObject({
    journal: { step: "committed", unit },
    action: { kind: "start-unit", unit, runtimeSeconds: 120, keep: null },
  });
  const running = decide({ ...seen, unit: { kind: "running" } }, undraining, desired(1, b));
  expect(running).toMatchObject({ state: "committed", plan: null, waiting: { reason: "undraining" } });
  const done = decide({ ...seen, unit: ended(0) }, undraining, desired(1, b)).plan;
  expect(done).toMatchObject({ journal: { drained: null, unit: null }, action: { kind: "collect-unit" } });
  expect(decide(seen, done?.journal ?? null, desired(1, b))).toMatchObject({ plan: null, waiting: null });
});

test("so does one that went back, or whose drain was cut short by a panic", () => {
  const home = { ...seen, system: { current: a, booted: a, profile: a, bootDefault: a } };
  expect(decide(home, at("reverted", { drained: owed }), desired(1, b)).plan?.action).toMatchObject({
    kind: "start-unit",
    unit: { action: "undrain" },
  });
  const drain = { name: "chimera-drain-1", action: "drain" as const, toplevel: b };
  const draining = at("preparing-reboot", { rebootStage: "installed", unit: drain, drained: owed });
  const run = play({ seen: { ...home, unit: { kind: "running" } }, journal: draining, want: panicOf(1, a) });
  expect(run.actions).toContainEqual(
    expect.objectContaining({ kind: "start-unit", unit: expect.objectContaining({ action: "undrain" }) }),
  );
  expect(run.journal).toMatchObject({ drained: null });
});

test("not on a system that is unproven, unknown or being left, nor while the node is on its way", () => {
  const other = { ...seen, system: { ...onNew, current: c } };
  const unknown = { ...seen, system: { ...onNew, current: null } };
  for (const look of [other, unknown]) {
    expect(JSON.stringify(decide(look, committed, null).plan?.action ?? null)).not.toContain("undrain");
  }
  const back = at("staged-for-reboot", { isGoingBack: true, drained: owed });
  expect(decide(seen, back, null).waiting).toMatchObject({ reason: "needs-reboot" });
  expect(decide(seen, at("revert-failed", { drained: owed }), null).plan?.action ?? null).toBeNull();
});

test("one that fails is tried on, ever more slowly; after the third time a person is called", () => {
  const once = decide({ ...seen, unit: ended(1) }, undraining, null).plan;
  expect(once).toMatchObject({ journal: { drained: { failures: 1, retryAt: 102_000 } }, events: [] });
  expect(decide(seen, once?.journal ?? null, null).waiting).toMatchObject({ reason: "undraining" });
  const third = { ...undraining, drained: { ...owed, failures: 2 } };
  const alarmed = decide({ ...seen, unit: { kind: "absent" } }, third, null).plan;
  expect(alarmed?.events).toMatchObject([
    { type: "alarm", data: { message: expect.stringMatching(/drained.*3 times/) } },
  ]);
  const failing = alarmed?.journal ?? null;
  expect(decide(seen, failing, null)).toMatchObject({
    state: "committed",
    waiting: { reason: "undrain-failed" },
  });
  const later = { ...seen, uptimeMs: 200_000 };
  expect(decide(later, failing, null).plan?.action).toMatchObject({ kind: "start-unit" });
});

test("a newer order waits for an undrain that runs, a way back does not; the debt outlives both", () => {
  const running = { ...seen, unit: { kind: "running" } as const };
  expect(decide(running, undraining, desired(2, c)).waiting).toMatchObject({ reason: "undraining" });
  const taken = decide(running, undraining, panicOf(1, a)).plan?.journal;
  expect(taken).toMatchObject({ order: { rank: 1 }, drained: { ...owed, left: "chimera-undrain-1" } });
  // It goes on at once, whether the undrain runs or is only owed; the work comes back to what it leads to.
  expect(decide(running, taken ?? null, panicOf(1, a)).waiting?.reason).not.toBe("undraining");
  const wayBack = kinds(play({ seen, journal: committed, want: panicOf(1, a) }).actions);
  const [activated, broughtBack] = [wayBack.indexOf("test a"), wayBack.indexOf("undrain a")];
  expect(activated, wayBack.join()).toBeGreaterThanOrEqual(0);
  expect(broughtBack, wayBack.join()).toBeGreaterThan(activated);
  // Its end counts: work that is back is not brought back twice, and two at once are no undrain.
  const back = { ...at("reverted", {}), drained: taken?.drained ?? null };
  const home = { ...seen, system: { current: a, booted: a, profile: a, bootDefault: a } };
  const kept = decide(home, back, null).plan;
  expect(kept).toMatchObject({
    journal: { unit: { name: "chimera-undrain-1" }, drained: owed },
    action: null,
  });
  const paid = decide({ ...home, unit: ended(0) }, kept?.journal ?? null, null).plan;
  expect(paid).toMatchObject({ journal: { unit: null, drained: null } });
  const failing = { ...committed, drained: { ...owed, failures: 4, retryAt: 900_000 } };
  const next = { observed: seen, journal: failing, desired: { ...desired(2, c), toplevel: c }, current: b };
  expect(newJournal(next)).toMatchObject({ step: "accepted", drained: failing.drained });
  const restarted = { ...next, observed: { ...seen, bootId: "boot-2" } };
  expect(newJournal(restarted)).toMatchObject({ drained: { failures: 4, retryAt: null } });
});

test("where the module has none nothing is owed any more; whoever does not know the module leaves it", () => {
  expect(decide({ ...seen, undrainSeconds: null }, committed, null).plan).toMatchObject({
    journal: { drained: null },
    action: null,
  });
  const { undrainSeconds: _, ...offline } = seen;
  expect(decide(offline, committed, null).plan).toBeNull();
});
