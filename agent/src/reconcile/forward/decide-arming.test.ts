import { expect, test } from "vitest";
import { deadManOf, expire } from "./dead-man.ts";
import { decide } from "../decide.ts";
import { Step } from "../journal.ts";
import { a, b, clear, desired, observed, panicOf } from "../model/machine-model.ts";
import { at, kinds, play } from "../model/play-machine.ts";

const armed = { unit: "chimera-dead-man-1", atMs: 5_000_000 };

test("nothing is activated before the dead-man is seen to be armed", () => {
  const journal = at("arming", { deadMan: armed });
  expect(decide(observed({ deadManArmed: null }), journal, desired(1, b))).toMatchObject({
    plan: null,
    waiting: { reason: "dead-man-unknown" },
  });
  const again = decide(observed({ deadManArmed: false }), journal, desired(1, b)).plan;
  expect(again?.action?.kind).toBe("arm-dead-man");
  const go = decide(observed({ deadManArmed: true }), journal, desired(1, b)).plan;
  expect(go).toMatchObject({ journal: { step: "activating" }, action: { kind: "start-unit" } });
});

test("a step that lost its timer with the boot arms another, though nobody could look for one", () => {
  const { plan } = decide(observed({ deadManArmed: null }), at("arming"), desired(1, b));
  expect(plan?.action?.kind).toBe("arm-dead-man");
});

test("a dead-man that cannot be armed three times refuses the order, and nothing has changed", () => {
  let journal = at("arming", { deadMan: armed });
  for (let looks = 0; looks < 5 && journal.step === "arming"; looks += 1) {
    journal = decide(observed(), journal, desired(1, b)).plan?.journal ?? journal;
  }
  expect(journal.step).toBe("refused");
  expect(journal.problem?.message).toContain("dead-man");
});

test("each arming has a timer of its own, so an old one is never taken for it", () => {
  const first = at("staged");
  const second = { ...first, attempts: { ...first.attempts, activate: 1 } };
  expect(deadManOf(first, 1).unit).not.toBe(deadManOf(second, 1).unit);
});

test("it fires after the activation's limit, the longest probation and the contact window", () => {
  const journal = at("staged", { activationSeconds: 600, probationMs: 30_000 });
  expect(deadManOf(journal, 1_000).atMs).toBeGreaterThanOrEqual(1_000 + 600_000 + 120_000);
  const slow = { ...journal, probationMs: 600_000 };
  expect(deadManOf(slow, 1_000).atMs).toBeGreaterThanOrEqual(1_000 + 600_000 + 660_000);
});

test("when it fires, what is unproven is undone, and nothing else is touched", () => {
  const undone = new Set(["arming", "activating", "probation"]);
  for (const step of Step.options) {
    const decision = expire({ observed: observed(), journal: at(step) });
    expect(decision?.plan?.journal.step ?? null, step).toBe(undone.has(step) ? "reverting" : null);
  }
  const decision = expire({ observed: observed(), journal: at("activating") });
  expect(decision?.plan).toMatchObject({
    journal: { blame: "toplevel" },
    action: { kind: "stop-unit", name: "chimera-activate-1" },
    events: expect.arrayContaining([expect.objectContaining({ type: "alarm" })]),
  });
});

test("after a restart in the middle of arming nothing was changed: the order is over, or goes on where it runs", () => {
  const cut = play({ seen: observed({ bootId: "boot-2" }), journal: at("arming"), want: desired(1, b) });
  expect(cut.journal?.step).toBe("reverted");
  const system = { current: b, booted: b, profile: a, bootDefault: a };
  const booted = observed({ bootId: "boot-2", system });
  const run = play({ seen: booted, journal: at("arming"), want: desired(1, b) });
  expect(run.steps).toContain("probation");
  expect(run.journal?.step).toBe("committed");
});

for (const step of ["committed", "reverted", "refused", "revert-failed", "stuck"] as const) {
  test(`at rest in ${step} the timer is taken away, once`, () => {
    const runs = step === "reverted" ? a : b;
    const system = { current: runs, booted: a, profile: runs, bootDefault: runs };
    const { plan } = decide(observed({ system }), at(step, { deadMan: armed }), desired(1, b));
    // Journalled once it is done: an agent that dies before does it again.
    expect(plan).toMatchObject({
      journal: { deadMan: armed, step },
      action: { kind: "disarm-dead-man" },
      afterwards: { deadMan: null, step },
    });
    expect(decide(observed({ system }), plan?.afterwards ?? null, desired(1, b)).plan).toBeNull();
  });
}

test("the reserve of the node's module counts", () => {
  const seen = { ...observed({ preflight: { ...clear, storeFreeBytes: 5_000 } }), deadManArmed: true };
  const tight = { ...seen, reserve: { storeBytes: 6_000, bootBytes: 0 } };
  expect(decide(tight, at("staged"), desired(1, b)).plan?.journal.step).toBe("refused");
  const loose = { ...seen, reserve: { storeBytes: 4_000, bootBytes: 0 } };
  expect(decide(loose, at("staged"), desired(1, b)).plan?.journal.step).toBe("arming");
});

test("a way back arms nothing: there is nothing behind it", () => {
  const system = { current: b, booted: a, profile: b, bootDefault: b };
  const { actions } = play({ seen: observed({ system }), journal: at("committed"), want: panicOf(1, a) });
  expect(kinds(actions)).not.toContain("arm-dead-man");
});

test("an unproven system behind which no dead-man can be armed is left", () => {
  const system = { current: b, booted: b, profile: a, bootDefault: a };
  let journal = at("arming", { deadMan: armed });
  for (let looks = 0; looks < 9 && journal.step === "arming"; looks += 1) {
    journal = decide(observed({ system, deadManArmed: false }), journal, null).plan?.journal ?? journal;
  }
  expect(journal).toMatchObject({ step: "reverting", blame: "none" });
});

test("an activation that begins late gets a timer that gives it its whole time", () => {
  const journal = at("arming", { deadMan: { unit: "chimera-dead-man-1", atMs: 101_000 } });
  const { plan } = decide(observed({ deadManArmed: true }), journal, desired(1, b));
  expect(plan).toMatchObject({ journal: { step: "arming" }, action: { kind: "arm-dead-man" } });
});

test("nothing that was never activated is denied when the dead-man fires", () => {
  expect(expire({ observed: observed(), journal: at("arming") })?.plan?.journal.blame).toBe("none");
});
