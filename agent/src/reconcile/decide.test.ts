import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { maxTransitions } from "./journal.ts";
import { a, b, c, clear, desired, headId, observed } from "./model/machine-model.ts";
import { at, kinds, play, tries } from "./model/play-machine.ts";

test("a new head is fetched, activated, proven, then made permanent, in this order", () => {
  const { actions, journal, seen, last } = play({ seen: observed(), journal: null, want: desired(1, b) });
  expect(kinds(actions)).toEqual([
    "start-fetch",
    "arm-dead-man",
    "test b",
    "collect-unit",
    "set-profile",
    "boot b",
    "collect-unit",
    "disarm-dead-man",
  ]);
  expect(journal?.step).toBe("committed");
  expect(seen.system).toEqual({ current: b, booted: a, profile: b, bootDefault: b });
  expect(last).toMatchObject({ state: "committed", waiting: null, plan: null });
});

test("a system that runs and is permanent already is only checked, never activated", () => {
  const seen = observed({ system: { current: b, booted: b, profile: b, bootDefault: b } });
  const { actions, journal } = play({ seen, journal: null, want: desired(1, b) });
  expect(kinds(actions)).toEqual(["start-fetch"]);
  expect(journal?.step).toBe("committed");
});

test("a system that runs but that nothing names proves itself first, and what is named is its way back", () => {
  const seen = observed({ system: { current: b, booted: a, profile: a, bootDefault: a } });
  const { actions, steps } = play({ seen, journal: null, want: desired(1, b) });
  expect(kinds(actions)).toEqual([
    "start-fetch",
    "arm-dead-man",
    "set-profile",
    "boot b",
    "collect-unit",
    "disarm-dead-man",
  ]);
  expect(steps).toContain("probation");
  const sick = { ...seen, units: { state: "degraded", failing: ["web.service"] } };
  // Failed already when it began: no fault of the system that runs. One that fails afterwards is.
  const begun = decide(sick, at("staged"), desired(1, b)).plan?.journal;
  expect(begun?.before.current).toBe(a);
});

test("without any head the node is idle and says why", () => {
  expect(decide(observed(), null, null)).toEqual({
    state: "idle",
    waiting: { reason: "no-head", detail: "no head was accepted yet" },
    plan: null,
  });
});

for (const [name, end] of [
  ["exit code 1", { kind: "ended", result: "exited", exitCode: 1 }],
  ["exit code 2", { kind: "ended", result: "exited", exitCode: 2 }],
  ["a time limit", { kind: "ended", result: "timeout", exitCode: null }],
  ["a signal", { kind: "ended", result: "killed", exitCode: null }],
] as const) {
  test(`an activation that ends with ${name} goes back to what ran, and is not tried again`, () => {
    const { journal, seen, actions, last } = play(
      { seen: observed(), journal: null, want: desired(1, b) },
      { [b]: end },
    );
    expect(journal?.step).toBe("reverted");
    expect(journal?.problem?.message).toMatch(/activation/);
    expect(seen.system).toEqual({ current: a, booted: a, profile: a, bootDefault: a });
    expect(kinds(actions).filter((kind) => kind === "test b")).toHaveLength(1);
    expect(last.waiting?.reason).toBe("reverted");
  });
}

test("a newer head is tried after a revert, even with the same system", () => {
  const failed = play(
    { seen: observed(), journal: null, want: desired(1, b) },
    { [b]: { kind: "ended", result: "exited", exitCode: 1 } },
  );
  const { journal } = play({ seen: failed.seen, journal: failed.journal, want: desired(2, b) });
  expect(journal).toMatchObject({ step: "committed", order: { serial: 2 } });
});

test("exit code 100 leaves everything as it is and waits for a reboot", () => {
  const { journal, seen, last } = play(
    { seen: observed(), journal: null, want: desired(1, b) },
    { [b]: { kind: "ended", result: "exited", exitCode: 100 } },
  );
  expect(journal?.step).toBe("staged-for-reboot");
  expect(seen.system).toEqual(observed().system);
  expect(last.waiting).toMatchObject({ reason: "needs-reboot", detail: expect.stringContaining("100") });
});

test("a switch inhibitor is met before anything is started", () => {
  const seen = observed({ preflight: { ...clear, inhibitors: ["dbus-implementation"] } });
  const { journal, actions, last } = play({ seen, journal: null, want: desired(1, b) });
  expect(journal?.step).toBe("staged-for-reboot");
  expect(kinds(actions)).toEqual(["start-fetch"]);
  expect(last.waiting?.detail).toContain("dbus-implementation");
});

test("another switch that holds the lock is waited for, with growing pauses, then the order is stuck", () => {
  const { journal, seen, last } = play(
    { seen: observed(), journal: null, want: desired(1, b) },
    { [b]: { kind: "ended", result: "exited", exitCode: 11 } },
  );
  expect(journal?.step).toBe("stuck");
  expect(seen.system).toEqual(observed().system);
  expect(last.waiting?.reason).toBe("stuck");
});

test("a fetch that fails is retried with backoff, and a closure that is not the signed one is refused", () => {
  const fetch = {
    kind: "failed",
    head: headId("1"),
    code: "closure-unavailable",
    message: "no route",
  } as const;
  const { plan } = decide(observed({ fetch }), at("accepted"), desired(1, b));
  expect(plan?.journal).toMatchObject({ step: "accepted", attempts: { fetch: 1 }, retryAt: 102_000 });
  const wrong = { ...fetch, code: "closure-mismatch" as const };
  expect(decide(observed({ fetch: wrong }), at("accepted"), desired(1, b)).plan?.journal.step).toBe(
    "refused",
  );
});

test("a running activation is waited for: nothing is started, whatever newer head there is", () => {
  const seen = observed({ unit: { kind: "running" } });
  expect(decide(seen, at("activating"), desired(5, c))).toMatchObject({
    plan: null,
    waiting: { reason: "activation-running" },
  });
});

test("an activation that was journalled but never started gets its dead-man, then a name that was not used", () => {
  const journal = at("activating", { unitsStarted: 1 });
  const again = decide(observed(), journal, desired(1, b)).plan?.journal;
  expect(again).toMatchObject({ step: "arming", unit: null });
  const run = play({ seen: observed(), journal, want: desired(1, b) });
  expect(run.actions).toContainEqual(
    expect.objectContaining({ unit: expect.objectContaining({ name: "chimera-activate-1-2" }) }),
  );
  const tried = at("activating", { attempts: tries({ activate: 4 }) });
  expect(decide(observed(), tried, desired(1, b)).plan?.journal.step).toBe("reverting");
});

for (const step of ["activating", "probation"] as const) {
  test(`a machine that restarted while ${step} runs the previous system: reverted`, () => {
    const { journal } = play({
      seen: observed({ bootId: "boot-2" }),
      journal: at(step),
      want: desired(1, b),
    });
    expect(journal?.step).toBe("reverted");
    expect(journal?.problem?.message).toContain(`restarted while ${step}`);
  });
}

test("a machine that restarted during commit proves the system again and commits it", () => {
  const { journal, seen } = play({
    seen: observed({ bootId: "boot-2", uptimeMs: 5_000 }),
    journal: at("committing"),
    want: desired(1, b),
  });
  expect(journal?.step).toBe("committed");
  expect(seen.system).toMatchObject({ current: b, profile: b, bootDefault: b });
});

test("a commit that cannot set the boot default is undone, the profile with it", () => {
  const system = { current: b, booted: a, profile: b, bootDefault: a };
  const journal = at("committing", { attempts: tries({ commit: 8 }) });
  const { seen, journal: end } = play({ seen: observed({ system }), journal, want: desired(1, b) });
  expect(end?.step).toBe("reverted");
  expect(seen.system).toEqual({ current: a, booted: a, profile: a, bootDefault: a });
});

test("a previous system that cannot be activated ends in revert-failed and an alarm, not in a loop", () => {
  const failure = { kind: "ended", result: "exited", exitCode: 1 } as const;
  const { journal, last } = play(
    { seen: observed(), journal: null, want: desired(1, b) },
    { [a]: failure, [b]: failure },
  );
  expect(journal?.step).toBe("revert-failed");
  expect(last.waiting?.reason).toBe("revert-failed");
});

test("a system that somebody else activated is undone, or only reported, as configured", () => {
  const journal = at("committed", { lastCommitted: b });
  const seen = observed({ system: { current: c, booted: a, profile: b, bootDefault: b } });
  const undone = play({ seen, journal, want: desired(1, b) });
  expect(undone.seen.system.current).toBe(b);
  expect(undone.journal?.step).toBe("committed");
  const { plan, waiting } = decide(seen, journal, desired(1, b, { revertForeign: false }));
  expect(plan).toBeNull();
  expect(waiting?.reason).toBe("foreign-system");
});

test("too many steps in one activation end in stuck", () => {
  const { plan } = decide(observed(), at("staged", { transitions: maxTransitions + 1 }), desired(1, b));
  expect(plan?.journal.step).toBe("stuck");
  expect(plan?.events).toContainEqual(expect.objectContaining({ type: "alarm" }));
});

test("a proven node whose boot default cannot be put back stays on its system, and does not fall back to an older one", () => {
  const seen = observed({ system: { current: b, booted: b, profile: b, bootDefault: c } });
  const journal = at("committing", { lastCommitted: b, attempts: tries({ boot: 2 }) });
  const { state, plan } = decide(seen, journal, desired(1, b));
  expect(state).toBe("committed");
  // It is tried again, ever more slowly.
  expect(plan?.journal).toMatchObject({ toplevel: b, attempts: { foreign: 1, boot: 0 } });
  expect(plan?.journal.retryAt).toBeGreaterThan(seen.uptimeMs);
  expect(plan?.events).toContainEqual(expect.objectContaining({ type: "alarm" }));
});

test("a committed system that cannot be brought back is not left for what somebody activated over it", () => {
  const foreign = { current: c, booted: b, profile: b, bootDefault: b };
  const broken = { kind: "ended", result: "exited", exitCode: 2 } as const;
  const begun = at("staged", { lastCommitted: b });
  const armed = decide(observed({ system: foreign }), begun, desired(1, b)).plan?.journal;
  expect(armed).toMatchObject({ step: "arming", before: { current: a } });
  const ended = at("activating", { lastCommitted: b });
  const { plan } = decide(observed({ system: foreign, unit: broken }), ended, desired(1, b));
  expect(plan).toMatchObject({ journal: { step: "committed", toplevel: b, before: { current: a } } });
  expect(plan?.events).toContainEqual(expect.objectContaining({ type: "alarm" }));
});
