import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import type { Desired, Observed } from "../decision.ts";
import type { Journal } from "../journal.ts";
import { a, after, b, c, clear, desired, observed, panicOf, restart } from "../model/machine-model.ts";
import { OrderPolicy } from "../order-policy.ts";
import { at, kinds, play, tries } from "../model/play-machine.ts";

const policy = (over: Partial<OrderPolicy>) => OrderPolicy.parse({ reboot: "when-needed", ...over });
const wants = (over: Partial<OrderPolicy> = {}, more: Partial<Desired> = {}) =>
  desired(1, b, { policy: policy(over), ...more });
const otherKernel = (over: Partial<Observed> = {}) =>
  observed({ preflight: { ...clear, kernel: "another kernel: linux-1 -> linux-2" }, ...over });
const failed = { kind: "ended", result: "exited", exitCode: 1 } as const;

test("another kernel is booted once, proven, and only then made the default", () => {
  const { actions, steps, journal, seen } = play({ seen: otherKernel(), journal: null, want: wants() });
  expect(kinds(actions)).toEqual([
    "start-fetch",
    "set-profile",
    "set-profile",
    "boot a",
    "collect-unit",
    "reboot",
    "arm-dead-man",
    "set-profile",
    "boot b",
    "collect-unit",
    "disarm-dead-man",
  ]);
  expect(actions.find(({ kind }) => kind === "reboot")).toEqual({
    kind: "reboot",
    entry: "entry-b.conf",
  });
  expect(steps).toContain("probation");
  expect(journal).toMatchObject({ step: "committed", rebootReasons: [], isGoingBack: false });
  expect(seen.system).toEqual({ current: b, booted: b, profile: b, bootDefault: b });
});

test("until it is proven the loader's default is what ran before, at every single moment", () => {
  const want = wants();
  let seen = otherKernel();
  let journal: Journal | null = null;
  while (journal?.step !== "committing") {
    const decision = decide(seen, journal, want);
    journal = decision.plan?.journal ?? journal;
    seen = after(decision.plan?.action ?? null, seen);
    expect(seen.system.bootDefault).toBe(a);
  }
  expect(seen.system).toMatchObject({ current: b, profile: a });
});

test("the policy says when: never waits with its reasons, a window waits for its time", () => {
  const never = play({ seen: otherKernel(), journal: null, want: wants({ reboot: "never" }) });
  expect(never.last).toMatchObject({
    state: "staged-for-reboot",
    waiting: { reason: "needs-reboot", detail: expect.stringContaining("linux-2") },
  });
  expect(kinds(never.actions)).toEqual(["start-fetch"]);

  const night = wants({ reboot: "window", rebootWindow: { from: "23:00", to: "04:00" } });
  const noon = play({ seen: otherKernel(), journal: null, want: night });
  expect(noon.last.waiting?.reason).toBe("reboot-window");
  const late = { ...otherKernel(), at: "2026-11-23T03:59:59.000Z" };
  expect(play({ seen: late, journal: null, want: night }).journal?.step).toBe("committed");
  const early = { ...otherKernel(), at: "2026-11-23T04:00:00.000Z" };
  expect(play({ seen: early, journal: null, want: night }).last.waiting?.reason).toBe("reboot-window");
  const none = play({ seen: otherKernel(), journal: null, want: wants({ reboot: "window" }) });
  expect(none.last.waiting?.detail).toContain("none is set");
});

for (const [name, preflight, message] of [
  ["a loader that cannot come back by itself", { loader: "none" }, /reboot-unprotected/],
  ["a system without an agent", { hasAgent: false }, /no agent/],
] as const) {
  test(`${name} is refused before anything is written`, () => {
    const seen = observed({ preflight: { ...clear, kernel: "another kernel", ...preflight } });
    const { journal, actions } = play({ seen, journal: null, want: wants() });
    expect(journal?.step).toBe("refused");
    expect(journal?.problem?.message).toMatch(message);
    expect(kinds(actions)).toEqual(["start-fetch"]);
  });
}

test("unprotected restarts happen when they were accepted, and are undone by another one", () => {
  const seen = observed({ preflight: { ...clear, kernel: "another kernel", loader: "none" } });
  const good = play({ seen, journal: null, want: wants({ acceptUnprotected: true }) });
  expect(good.seen.system).toEqual({ current: b, booted: b, profile: b, bootDefault: b });
  expect(good.actions).toContainEqual({ kind: "reboot", entry: null });
});

test("a system that does not boot is fallen back from, denied, and not tried again", () => {
  const script = { [b]: { kind: "ended", result: "exited", exitCode: 0, boots: false } } as const;
  const { journal, seen, actions, last } = play(
    { seen: otherKernel(), journal: null, want: wants() },
    script,
  );
  expect(journal).toMatchObject({ step: "reverted", blame: "toplevel" });
  expect(journal?.problem?.message).toContain("did not boot");
  expect(seen.system).toEqual({ current: a, booted: a, profile: a, bootDefault: a });
  expect(actions.filter(({ kind }) => kind === "reboot")).toHaveLength(1);
  expect(last.plan).toBeNull();
});

test("a system that boots but does not prove itself is left by a restart, which lands on the default", () => {
  const system = { current: b, booted: b, profile: a, bootDefault: a };
  const units = { state: "degraded", failing: ["web.service"] };
  const journal = at("probation", { since: 1, rebootReasons: ["another kernel"], policy: policy({}) });
  const first = decide(observed({ system, units }), journal, wants()).plan;
  expect(first?.journal).toMatchObject({ step: "reverting", blame: "toplevel" });
  const run = play({ seen: observed({ system, units }), journal, want: wants() });
  expect(run.actions).toContainEqual({ kind: "reboot", entry: null });
  expect(run.journal).toMatchObject({ step: "reverted", isGoingBack: false });
  expect(run.seen.system).toEqual({ current: a, booted: a, profile: a, bootDefault: a });
});

test("power that goes while it proves itself after the restart lands on what ran before: reverted", () => {
  const seen = observed({ bootId: "boot-3", system: { current: a, booted: a, profile: a, bootDefault: a } });
  const journal = at("probation", { bootId: "boot-2", rebootReasons: ["another kernel"] });
  const run = play({ seen, journal, want: wants() });
  expect(run.journal?.step).toBe("reverted");
  expect(kinds(run.actions)).toEqual([]);
});

test("power that goes while entries are written begins nothing anew: what was written is put back", () => {
  const seen = otherKernel({
    bootId: "boot-2",
    system: { current: a, booted: a, profile: b, bootDefault: a },
  });
  const before = { current: a, profile: a, bootDefault: a };
  const run = play({ seen, journal: at("preparing-reboot", { before }), want: wants() });
  expect(run.journal?.step).toBe("reverted");
  expect(run.seen.system.profile).toBe(a);
});

test("entries that cannot be written are tried three times, then the order is put back", () => {
  const run = play({ seen: otherKernel(), journal: null, want: wants() }, { [a]: failed });
  expect(run.journal?.step).toBe("reverted");
  expect(run.journal?.problem?.message).toContain("boot entries");
  expect(kinds(run.actions).filter((kind) => kind === "boot a")).toHaveLength(3);
  expect(run.seen.system).toEqual({ current: a, booted: a, profile: a, bootDefault: a });
});

test("a restart that does not come is ordered again, then given up and its entry forgotten", () => {
  const ordered = { bootEntry: "entry-b.conf", since: 100_000, isRestartOrdered: true };
  const journal = at("rebooting", ordered);
  const wait = decide(observed({ uptimeMs: 110_000 }), journal, null);
  expect(wait).toMatchObject({ state: "rebooting", plan: null, waiting: { reason: "rebooting" } });
  const again = decide(observed({ uptimeMs: 710_000 }), journal, null).plan;
  expect(again?.action).toEqual({ kind: "reboot", entry: "entry-b.conf" });
  const over = decide(observed({ uptimeMs: 710_000 }), { ...journal, attempts: tries({ reboot: 6 }) }, null);
  expect(over.plan?.journal.step).toBe("reverting");
  const cleared = decide(observed(), over.plan?.journal ?? null, null).plan;
  expect(cleared?.action).toEqual({ kind: "clear-boot-once" });
});

test("a panic while the restart is ordered forgets the entry and ends where it asked", () => {
  const journal = at("rebooting", { bootEntry: "entry-b.conf" });
  const run = play({ seen: observed(), journal, want: panicOf(1, a) });
  expect(kinds(run.actions)[0]).toBe("clear-boot-once");
  expect(run.seen.system).toEqual({ current: a, booted: a, profile: a, bootDefault: a });
});

test("a way back that needs a restart makes its target the default, then waits, or restarts where it may", () => {
  const system = { current: b, booted: b, profile: b, bootDefault: b };
  const seen = observed({ system, preflight: { ...clear, inhibitors: ["dbus"] } });
  const waits = play({ seen, journal: at("committed"), want: panicOf(1, a) });
  expect(waits.last).toMatchObject({ state: "staged-for-reboot", waiting: { reason: "needs-reboot" } });
  expect(waits.seen.system).toEqual({ current: b, booted: b, profile: a, bootDefault: a });
  // Somebody restarts it.
  const done = play({ seen: restart(waits.seen, null), journal: waits.journal, want: panicOf(1, a) });
  expect(done.journal).toMatchObject({ step: "committed", toplevel: a });

  const now = panicOf(1, a, { policy: policy({ panicReboot: "now" }) });
  const goes = play({ seen, journal: at("committed"), want: now });
  expect(goes.journal).toMatchObject({ step: "committed", toplevel: a });
  expect(goes.seen.system).toEqual({ current: a, booted: a, profile: a, bootDefault: a });
});

test("what waits for a restart on its way back is no way back for the next head", () => {
  const system = { current: b, booted: b, profile: a, bootDefault: a };
  const journal = at("staged-for-reboot", { isGoingBack: true, rebootReasons: ["dbus"] });
  const begun = decide(observed({ system }), journal, desired(2, c)).plan?.journal;
  expect(begun).toMatchObject({ unproven: b, before: { current: a } });
});

test("a failed revert restarts once where the policy allows it and the default is what ran before", () => {
  const system = { current: b, booted: a, profile: a, bootDefault: a };
  const journal = at("reverting", { attempts: tries({ revert: 4 }), policy: policy({ panicReboot: "now" }) });
  const { plan } = decide(observed({ system }), journal, null);
  expect(plan).toMatchObject({ journal: { step: "falling-back" }, action: { kind: "reboot", entry: null } });
  expect(plan?.events).toContainEqual(expect.objectContaining({ type: "alarm" }));
  const run = play({ seen: observed({ system }), journal, want: null });
  expect(run.journal?.step).toBe("reverted");
  const denied = at("reverting", { attempts: tries({ revert: 4 }) });
  expect(decide(observed({ system }), denied, null).plan?.journal.step).toBe("revert-failed");
});

test("a restart that leaves a system keeps its reason on record, and is ordered once", () => {
  const problem = {
    code: "activation-failed" as const,
    message: "lab-fault.service",
    at: "2026-01-01T00:00:00Z",
  };
  const journal = at("falling-back", { since: 100_000, problem, isRestartOrdered: true });
  const look = (uptimeMs: number) => decide(observed({ uptimeMs }), journal, null).plan;
  expect(look(101_000)).toBeNull();
  expect(look(800_000)).toMatchObject({ journal: { problem }, action: { kind: "reboot", entry: null } });
});

test("an agent that died before it ordered the restart leaves the order to the next one, which does not wait", () => {
  const died = at("rebooting", { since: 100_000, bootEntry: "entry-b.conf" });
  const { plan } = decide(observed({ uptimeMs: 100_500 }), died, null);
  expect(plan).toMatchObject({
    action: { kind: "reboot", entry: "entry-b.conf" },
    journal: { isRestartOrdered: false, attempts: { reboot: 1 } },
    afterwards: { isRestartOrdered: true },
  });
});

test("a profile that already names the new system is no proof: what ran before stays the default", () => {
  const before = { current: a, profile: a, bootDefault: a };
  const journal = at("staged-for-reboot", { policy: policy({}), before });
  const system = { current: a, booted: a, profile: b, bootDefault: b };
  const { plan } = decide(otherKernel({ system }), journal, wants());
  expect(plan?.journal).toMatchObject({ step: "preparing-reboot", before });
});
