import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import { a, b, desired, observed } from "../model/machine-model.ts";
import { at, play } from "../model/play-machine.ts";

test("units that failed before do not count, a new one sends the node back", () => {
  const broken = { state: "degraded", failing: ["old.service"] };
  const fine = play({ seen: observed({ units: broken }), journal: null, want: desired(1, b) });
  expect(fine.journal?.step).toBe("committed");

  const probation = at("probation", { since: 90_000, failedBefore: ["old.service"] });
  const system = { current: b, booted: a, profile: a, bootDefault: a };
  const worse = observed({ system, units: { state: "degraded", failing: ["old.service", "web.service"] } });
  const { journal, seen } = play({ seen: worse, journal: probation, want: desired(1, b) });
  expect(journal?.problem?.message).toContain("web.service");
  expect(journal?.step).toBe("reverted");
  expect(seen.system.current).toBe(a);
});

test("a node that cannot show its health goes back at the deadline, not before", () => {
  const system = { current: b, booted: a, profile: a, bootDefault: a };
  const journal = at("probation", { since: 100_000 });
  const silent = (uptimeMs: number) => decide(observed({ system, units: null, uptimeMs }), journal, null);
  expect(silent(101_000)).toMatchObject({ plan: null, waiting: { reason: "probation" } });
  expect(silent(170_000).plan?.journal.step).toBe("reverting");
});

test("contact that was there before must come back, or the node goes back after two minutes", () => {
  const system = { current: b, booted: a, profile: a, bootDefault: a };
  const alone = (uptimeMs: number, contactBefore: boolean) =>
    decide(
      observed({ system, contact: false, uptimeMs }),
      at("probation", { since: 100_000, healthySince: 100_500, contactBefore }),
      null,
    );
  expect(alone(101_600, true).plan?.journal).toMatchObject({ step: "probation", healthySince: null });
  expect(alone(221_000, true).plan?.journal.step).toBe("reverting");
  // Unreachable before the activation too: no sign of anything.
  expect(alone(101_600, false).plan?.journal.step).toBe("committing");
});

test("one answer that was lost late in a probation is no silence: that has to last", () => {
  const system = { current: b, booted: a, profile: a, bootDefault: a };
  const journal = at("probation", { since: 100_000, healthySince: 190_000, contactBefore: true });
  const silent = (uptimeMs: number, silentMs: number) =>
    decide(observed({ system, contact: false, uptimeMs, silentMs }), journal, null).plan?.journal;
  expect(silent(230_000, 3_000)).toMatchObject({ step: "probation", healthySince: null });
  expect(silent(230_000, 121_000)).toMatchObject({
    step: "reverting",
    blame: "contact",
    problem: { code: "contact-lost" },
  });
  // It does not outlast the dead-man.
  expect(silent(251_000, 30_000)).toMatchObject({ step: "reverting" });
});

test("health that comes and goes ends on what ran before, not in the loop breaker", () => {
  const system = { current: b, booted: a, profile: a, bootDefault: a };
  let journal = at("probation", { since: 100_000, probationMs: 60_000 });
  for (let looks = 0; looks < 60 && journal.step === "probation"; looks += 1) {
    const state = looks % 2 === 0 ? "running" : "starting";
    const seen = observed({ system, uptimeMs: 100_100 + looks, units: { state, failing: [] } });
    journal = decide(seen, journal, null).plan?.journal ?? journal;
  }
  expect(journal).toMatchObject({ step: "reverting", blame: "toplevel" });
});

test("probation begins anew when health is lost in between", () => {
  const system = { current: b, booted: a, profile: a, bootDefault: a };
  const healthy = at("probation", { since: 100_000, healthySince: 100_500 });
  const starting = observed({ system, uptimeMs: 100_900, units: { state: "starting", failing: [] } });
  expect(decide(starting, healthy, null).plan?.journal.healthySince).toBeNull();
});

test("a system whose own agent does not run is left at once", () => {
  const system = { current: b, booted: a, profile: a, bootDefault: a };
  const seen = observed({ system, uptimeMs: 100_100, standsIn: true });
  const { plan } = decide(seen, at("probation", { since: 100_000 }), null);
  expect(plan?.journal).toMatchObject({ step: "reverting", blame: "toplevel" });
  expect(plan?.journal.problem?.message).toContain("agent");
});
