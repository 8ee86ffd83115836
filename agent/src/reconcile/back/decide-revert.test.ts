import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import { OrderPolicy } from "../order-policy.ts";
import { a, b, c, clear, observed, type Script } from "../model/machine-model.ts";
import { at, kinds, play, tries } from "../model/play-machine.ts";

const system = (over: Partial<ReturnType<typeof observed>["system"]> = {}) =>
  observed({ system: { current: b, booted: a, profile: a, bootDefault: a, ...over } });

test("a previous system that somebody removed is neither activated nor restarted into", () => {
  const preflight = { ...clear, isSystem: false, isInitChanged: true };
  const now = { policy: OrderPolicy.parse({ panicReboot: "now" }) };
  for (const journal of [at("reverting"), at("reverting", now)]) {
    const { plan } = decide({ ...system(), preflight }, journal, null);
    expect(plan).toMatchObject({ journal: { step: "revert-failed" }, action: null });
    expect(plan?.events).toContainEqual(expect.objectContaining({ type: "alarm" }));
  }
});

test("a profile that cannot be read may name the new system: it is set", () => {
  const journal = at("reverting", { systemBack: true });
  const { plan } = decide(system({ current: a, profile: null }), journal, null);
  expect(plan?.action).toEqual({ kind: "set-profile", toplevel: a });
});

test("what named a system that the order before was leaving is put back too", () => {
  const journal = at("reverting", { systemBack: true, toplevel: c, unproven: b });
  const run = play({ seen: system({ current: a, profile: b, bootDefault: b }), journal, want: null });
  expect(kinds(run.actions)).toEqual(["set-profile", "boot a", "collect-unit"]);
  expect(run.journal?.step).toBe("reverted");
});

test("where what ran before cannot be activated, what names the new system is put back all the same", () => {
  const broken: Script = { [a]: { kind: "ended", result: "exited", exitCode: 1 } };
  const journal = at("reverting", { attempts: tries({ revert: 4 }) });
  const run = play({ seen: system({ profile: b, bootDefault: a }), journal, want: null }, broken);
  expect(run.seen.system.profile).toBe(a);
  expect(run.journal?.step).toBe("revert-failed");
});

test("activating and pointing have tries of their own, also behind a loader that nobody can read", () => {
  const journal = at("reverting", { bootTouched: true, systemBack: true, attempts: tries({ revert: 3 }) });
  const run = play({ seen: system({ current: a, profile: b, bootDefault: null }), journal, want: null });
  expect(run.journal?.step).toBe("reverted");
});

test("a pointer that will not come back ends with a person", () => {
  const journal = at("reverting", { systemBack: true, attempts: tries({ commit: 3 }) });
  const { plan } = decide(system({ current: a, profile: b }), journal, null);
  expect(plan).toMatchObject({ journal: { step: "revert-failed" } });
});
