import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import type { Observed, UnitFact } from "../decision.ts";
import { a, b, c, desired, localOf, observed, panicOf } from "../model/machine-model.ts";
import { at, kinds, play } from "../model/play-machine.ts";

const runsNew = { current: b, booted: a, profile: a, bootDefault: a };
const ended = (exitCode: number): UnitFact => ({ kind: "ended", result: "exited", exitCode });
const look = (over: Partial<Observed>) => observed({ system: runsNew, ...over });

test("a code that says units failed, where none has failed since, hides how the activation went: it is run once more", () => {
  const seen = look({ unit: ended(4) });
  const again = decide(seen, at("activating"), null).plan?.journal;
  expect(again).toMatchObject({ step: "arming", isEndUnknown: true, attempts: { activate: 1 } });
  // Once: what it says then counts.
  const asked = at("activating", { isEndUnknown: true });
  expect(decide(seen, asked, null).plan?.journal).toMatchObject({ step: "probation", isEndUnknown: false });
  expect(decide(look({ unit: ended(2) }), asked, null).plan?.journal).toMatchObject({ step: "reverting" });
});

test("one that a failed unit explains is probation's to judge, and of a way back no proof is asked", () => {
  const units = { state: "degraded", failing: ["web.service"] };
  const seen = look({ unit: ended(4), units });
  expect(decide(seen, at("activating"), null).plan?.journal.step).toBe("probation");
  const known = at("activating", { failedBefore: ["web.service"] });
  expect(decide(seen, known, null).plan?.journal.step).toBe("arming");
  const back = at("activating", { order: panicOf(1, b).order });
  expect(decide(look({ unit: ended(4) }), back, null).plan?.journal.step).toBe("committing");
});

test("an activation that somebody ended is run again, though its system runs already", () => {
  const gone = at("activating", { deadMan: { unit: "chimera-dead-man-1", atMs: 1_000_000 } });
  const { plan } = decide(look({ unit: { kind: "absent" } }), gone, null);
  expect(plan?.journal).toMatchObject({ step: "arming", isEndUnknown: true });
  const run = play({
    seen: look({ deadManArmed: true }),
    journal: plan?.journal ?? null,
    want: desired(1, b),
  });
  expect(kinds(run.actions)).toContain("test b");
  expect(run.journal).toMatchObject({ step: "committed", isEndUnknown: false });
});

test("while another switch holds the lock nothing is counted, and it is tried again within seconds", () => {
  const held = ended(11);
  const before = { ...runsNew, current: a };
  for (const journal of [at("activating"), at("activating", { order: panicOf(1, b).order })]) {
    const { plan } = decide(look({ unit: held, system: before }), journal, null);
    expect(plan?.journal).toMatchObject({ step: "staged", attempts: { activate: 0, locked: 1 } });
  }
  const unit = { name: "chimera-boot-1", action: "boot" as const, toplevel: b };
  const commit = decide(look({ unit: held }), at("committing", { unit }), null).plan?.journal;
  expect(commit).toMatchObject({ step: "committing", attempts: { boot: 0, locked: 1 } });
  const own = { name: "chimera-revert-1", action: "test" as const, toplevel: a };
  const back = decide(look({ unit: held }), at("reverting", { unit: own }), null).plan?.journal;
  expect(back).toMatchObject({ step: "reverting", attempts: { revert: 0, locked: 1 } });
  expect((back?.retryAt ?? 0) - observed().uptimeMs).toBeLessThan(10_000);
});

test("a panic ends what root is activating on top of the head that it undoes", () => {
  const { order } = localOf(1, c, "apply");
  const journal = at("activating", { order, toplevel: c });
  const seen = observed({ unit: { kind: "running" } });
  expect(decide(seen, journal, panicOf(1, a)).plan).toMatchObject({
    journal: { step: "reverting" },
    action: { kind: "stop-unit" },
  });
  expect(decide(seen, journal, desired(2, b)).plan).toBeNull();
});
