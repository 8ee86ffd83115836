import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import type { Blocked, Desired } from "../decision.ts";
import { Journal } from "../journal.ts";
import { a, b, c, desired, headId, observed, panicOf } from "../model/machine-model.ts";
import { needsOf } from "../needs.ts";
import { at, kinds, play, tries } from "../model/play-machine.ts";

const running = { current: b, booted: a, profile: b, bootDefault: b };
const ok = { kind: "ended", result: "exited", exitCode: 0 } as const;

test("a panic activates its target without a download and without probation, then makes it permanent", () => {
  const { actions, steps, journal, seen } = play({
    seen: observed({ system: running, units: null, contact: null }),
    journal: at("committed", { lastCommitted: b }),
    want: panicOf(1, a),
  });
  expect(kinds(actions)).toEqual(["test a", "collect-unit", "set-profile", "boot a", "collect-unit"]);
  expect(steps).not.toContain("probation");
  expect(journal).toMatchObject({ step: "committed", order: { rank: 1, id: headId("e") }, toplevel: a });
  expect(seen.system).toMatchObject({ current: a, profile: a, bootDefault: a });
});

for (const step of ["activating", "probation", "committing"] as const) {
  test(`a panic that comes while ${step} ends the unit and goes back at once`, () => {
    const unit = { name: "chimera-activate-1", action: "test" as const, toplevel: b };
    const seen = observed({ system: { ...running, profile: a, bootDefault: a }, unit: { kind: "running" } });
    const journal = at(step, { unit });
    const first = decide(seen, journal, panicOf(1, a)).plan;
    expect(first?.action).toEqual({ kind: "stop-unit", name: "chimera-activate-1" });
    expect(first?.journal).toMatchObject({ step: "reverting", problem: null, blame: "none" });
    const run = play({ seen, journal, want: panicOf(1, a) });
    expect(kinds(run.actions).slice(0, 3)).toEqual(["stop-unit", "test a", "collect-unit"]);
    expect(run.journal).toMatchObject({ step: "committed", toplevel: a, order: { rank: 1 } });
    expect(run.seen.system.current).toBe(a);
  });
}

test("a panic before anything was touched touches nothing either", () => {
  const run = play({ seen: observed(), journal: at("arming"), want: panicOf(1, a) });
  expect(kinds(run.actions)).toEqual([]);
  expect(run.journal).toMatchObject({ step: "committed", toplevel: a, order: { rank: 1 } });
});

test("an agent that was killed before it ended the undone activation ends it first, not for ever", () => {
  const want = panicOf(1, a);
  const seen = observed({ system: running, unit: { kind: "running" } });
  let journal = decide(seen, at("activating"), want).plan?.journal ?? null;
  const run = play({ seen, journal, want });
  expect(kinds(run.actions).slice(0, 3)).toEqual(["stop-unit", "test a", "collect-unit"]);
  const ended = decide(observed({ system: running, unit: ok }), journal, want).plan;
  expect(ended).toMatchObject({ action: { kind: "collect-unit", name: "chimera-activate-1" } });
  // One that nothing can end.
  let uptimeMs = seen.uptimeMs;
  while (journal?.step === "reverting") {
    uptimeMs += 400_000;
    const { plan } = decide({ ...seen, uptimeMs }, journal, want);
    expect(["stop-unit", undefined]).toContain(plan?.action?.kind);
    journal = plan?.journal ?? null;
  }
  expect(journal?.step).toBe("revert-failed");
});

test("a panic for another head than the one that is being activated lets it be finished", () => {
  const other = panicOf(1, a, { undoes: headId("7") });
  expect(decide(observed({ unit: { kind: "running" } }), at("activating"), other).plan).toBeNull();
});

test("a panic before anything was begun leaves the machine as it is", () => {
  for (const step of ["accepted", "staged"] as const) {
    const { actions, journal } = play({ seen: observed(), journal: at(step), want: panicOf(1, a) });
    expect(kinds(actions)).toEqual([]);
    expect(journal).toMatchObject({ step: "committed", toplevel: a, order: { rank: 1 } });
  }
});

test("a way back whose units fail stays: the system that it undoes is not tried again", () => {
  const seen = observed({ system: running, units: { state: "degraded", failing: ["old.service"] } });
  const { journal, seen: end } = play(
    { seen, journal: at("committed"), want: panicOf(1, a) },
    { [a]: { kind: "ended", result: "exited", exitCode: 4 } },
  );
  expect(end.system.current).toBe(a);
  expect(journal?.order.rank).toBe(1);
});

test("a way back that cannot be activated is tried again, then said aloud; never forward again", () => {
  const failure = { kind: "ended", result: "exited", exitCode: 1 } as const;
  const seen = observed({ system: running });
  const { journal, actions, last } = play(
    { seen, journal: at("committed"), want: panicOf(1, a) },
    { [a]: failure, [b]: ok },
  );
  expect(kinds(actions).filter((kind) => kind === "test a")).toHaveLength(4);
  expect(kinds(actions)).not.toContain("test b");
  expect(journal?.step).toBe("revert-failed");
  expect(last.waiting?.reason).toBe("revert-failed");
});

test("each try of a way back runs the installer, though it was killed in an earlier one", () => {
  const system = { current: a, booted: a, profile: a, bootDefault: b };
  const spent = at("committing", {
    order: panicOf(1, a).order,
    toplevel: a,
    attempts: tries({ boot: 2, activate: 1 }),
  });
  const again = decide(observed({ system }), spent, null).plan?.journal;
  expect(again).toMatchObject({ step: "staged", attempts: { boot: 1, activate: 2 } });
});

test("a machine that restarts in a way back goes on with it", () => {
  const journal = at("activating", { order: panicOf(1, a).order, toplevel: a });
  const seen = observed({ bootId: "boot-2", system: { ...running, booted: b } });
  const run = play({ seen, journal, want: panicOf(1, a) });
  expect(run.journal).toMatchObject({ step: "committed", toplevel: a });
  expect(run.seen.system).toMatchObject({ current: a, profile: a, bootDefault: a });
});

test("two ways back from one head: the accepted one counts, where it leads elsewhere", () => {
  const begun = at("committed", { order: panicOf(1, a).order, toplevel: a, lastCommitted: a });
  const seen = observed({ system: { current: a, booted: a, profile: a, bootDefault: a } });
  const elsewhere = panicOf(1, c, { order: { epoch: 0, serial: 1, rank: 1, id: headId("d"), local: null } });
  expect(play({ seen, journal: begun, want: elsewhere }).seen.system.current).toBe(c);
  const same = { ...elsewhere, toplevel: a };
  expect(decide(seen, begun, same).plan).toBeNull();
});

test("after a panic its own head is never begun again, a newer one is", () => {
  const back = at("committed", { order: panicOf(1, a).order, toplevel: a, lastCommitted: a });
  expect(decide(observed(), back, desired(1, b)).plan).toBeNull();
  expect(decide(observed(), back, desired(2, c)).plan?.journal).toMatchObject({ step: "accepted" });
});

const held: Blocked = { state: "held", reason: "held", detail: "held by ops", repairs: true };
const waits = (want: Desired, over: Partial<Blocked> = {}) => ({ ...want, blocked: { ...held, ...over } });

test("what is blocked is not begun, and says why", () => {
  const decision = decide(
    observed(),
    at("committed", { toplevel: a, lastCommitted: a }),
    waits(desired(2, c)),
  );
  expect(decision).toEqual({ state: "held", waiting: { reason: "held", detail: "held by ops" }, plan: null });
  expect(decide(observed(), null, waits(desired(1, b), { state: null })).state).toBe("idle");
});

test("a hold or quarantine that comes while staged stops the activation; one that comes later lets it end", () => {
  const stopped = decide(observed(), at("staged"), waits(desired(1, b), { state: "quarantined" }));
  expect(stopped).toMatchObject({ state: "quarantined", plan: null });
  const { journal } = play({ seen: observed(), journal: at("activating"), want: waits(desired(1, b)) });
  expect(journal?.step).toBe("committed");
});

test("a held node still undoes a foreign system, unless drift is held too", () => {
  const journal = at("committed", { lastCommitted: b });
  const seen = observed({ system: { ...running, current: c } });
  expect(play({ seen, journal, want: waits(desired(2, c)) }).seen.system.current).toBe(b);
  expect(play({ seen, journal, want: waits(desired(1, b)) }).seen.system.current).toBe(b);
  const left = waits(desired(2, c, { revertForeign: false }), { repairs: false });
  expect(play({ seen, journal, want: left }).actions).toEqual([]);
});

test("an older order that was staged is not begun while the newer one may not", () => {
  const { actions, last } = play({ seen: observed(), journal: at("staged"), want: waits(desired(2, c)) });
  expect(actions).toEqual([]);
  expect(last).toMatchObject({ state: "held" });
});

test("a panic without a target stays, and says that it knows nowhere to go", () => {
  const noTarget = { ...held, state: "panic-no-target", reason: "panic-no-target" } as const;
  const want = { ...panicOf(1, null), blocked: noTarget };
  const settled = decide(observed({ system: running }), at("committed", { lastCommitted: b }), want);
  expect(settled).toMatchObject({ state: "panic-no-target", plan: null });
});

test("a way back asks for nothing that a dead network or a hanging systemd could delay", () => {
  const staged = at("staged", { order: panicOf(1, a).order });
  expect(needsOf(staged)).toMatchObject({ units: false, contact: false });
});

test("a journal of the first agents, which knew no rank, still counts, and its activation goes on", () => {
  const file = join(import.meta.dirname, "../golden/journal-v1-first.json");
  const journal = Journal.parse(JSON.parse(readFileSync(file, "utf8")));
  expect(journal).toMatchObject({ order: { serial: 3, rank: 0 }, blame: "none", contactBefore: false });
  const seen = observed({ system: { ...running, profile: a, bootDefault: null } });
  expect(play({ seen, journal, want: null }).journal?.step).toBe("committed");
});

const healthy = { state: "running", failing: [] };
for (const [name, over, blame] of [
  ["a unit that fails", { units: { state: "degraded", failing: ["web.service"] } }, "toplevel"],
  ["lost contact", { units: healthy, contact: false, uptimeMs: 900_000 }, "contact"],
  ["another system", { units: healthy, system: { ...running, current: c } }, "none"],
] as const) {
  test(`${name} in probation blames ${blame}`, () => {
    const journal = at("probation", { since: 90_000, contactBefore: true });
    const seen = observed({
      system: running,
      ...over,
      units: { ...over.units, failing: [...over.units.failing] },
    });
    expect(decide(seen, journal, desired(1, b)).plan?.journal).toMatchObject({ step: "reverting", blame });
  });
}
