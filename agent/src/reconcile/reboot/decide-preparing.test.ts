import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import { b, clear, observed, panicOf, a } from "../model/machine-model.ts";
import { at, tries } from "../model/play-machine.ts";

const seen = { ...observed({ preflight: clear, bootEntry: "entry-b.conf" }), drainSeconds: 300 };
const installed = at("preparing-reboot", { rebootStage: "installed" });
const unit = { name: "chimera-drain-1", action: "drain" as const, toplevel: b };
const draining = at("preparing-reboot", { rebootStage: "installed", unit });

test("the node is emptied by a unit of its own before the restart is marked, and only once", () => {
  expect(decide(seen, installed, null).plan?.action).toMatchObject({
    kind: "start-unit",
    unit: { action: "drain", name: "chimera-drain-1" },
    runtimeSeconds: 300,
  });
  const done = { kind: "ended", result: "exited", exitCode: 0 } as const;
  const drained = decide({ ...seen, unit: done }, draining, null).plan?.journal;
  expect(drained).toMatchObject({ step: "preparing-reboot", rebootStage: "drained", unit: null });
  const ordered = decide(seen, drained ?? null, null).plan;
  expect(ordered).toMatchObject({ journal: { step: "rebooting" }, action: { kind: "reboot" } });
  // Where nothing is configured there is nothing to run.
  expect(decide({ ...seen, drainSeconds: null }, installed, null).plan).toMatchObject({
    journal: { rebootStage: "drained" },
    action: null,
  });
});

test("an undrain that is left over ends before the node is emptied again", () => {
  const left = { failures: 1, retryAt: null, left: "chimera-undrain-0" };
  const ending = decide(seen, { ...installed, drained: left }, null).plan;
  expect(ending?.action).toEqual({ kind: "stop-unit", name: "chimera-undrain-0" });
  const begun = decide(seen, ending?.afterwards ?? null, null).plan;
  expect(begun).toMatchObject({
    journal: { drained: { failures: 0, retryAt: null, left: null } },
    action: { kind: "start-unit", unit: { action: "drain" } },
  });
});

test("a panic ends the drain, and the restart with it", () => {
  const running = { ...seen, unit: { kind: "running" } as const };
  expect(decide(running, draining, null).waiting).toMatchObject({ detail: expect.stringContaining("drain") });
  expect(decide(running, draining, panicOf(1, a)).plan).toMatchObject({
    journal: { step: "reverting" },
    action: { kind: "stop-unit", name: "chimera-drain-1" },
  });
});

test("a drain that fails is tried three times, and then nothing is restarted", () => {
  const failed = { ...seen, unit: { kind: "ended", result: "timeout", exitCode: null } as const };
  const { plan } = decide(failed, draining, null);
  expect(plan?.journal).toMatchObject({ attempts: { reboot: 1 }, unit: null });
  expect(plan?.journal.problem?.message).toBe("the drain before the restart ended with timeout");
  const spent = at("preparing-reboot", { rebootStage: "installed", attempts: tries({ reboot: 3 }) });
  expect(decide(seen, spent, null).plan?.journal).toMatchObject({ step: "reverting" });
});

test("a profile that could not be set at once is no reason to give up what can be seen to be set", () => {
  const journal = at("preparing-reboot", { attempts: tries({ commit: 3 }) });
  const set = { ...seen, system: { ...seen.system, profile: b } };
  const { plan } = decide(set, journal, null);
  expect(plan?.journal).toMatchObject({ rebootStage: "listed", attempts: { commit: 0 } });
  expect(decide(seen, journal, null).plan?.journal.step).toBe("reverting");
});

test("a way back that cannot be prepared calls a person", () => {
  const order = panicOf(1, b).order;
  const { plan } = decide(seen, at("preparing-reboot", { order, attempts: tries({ reboot: 3 }) }), null);
  expect(plan).toMatchObject({ journal: { step: "revert-failed" } });
  expect(plan?.events).toContainEqual(expect.objectContaining({ type: "alarm" }));
});

test("a way back that waits for a restart ends when somebody activated its system live", () => {
  const waiting = at("staged-for-reboot", { isGoingBack: true, rebootReasons: ["dbus"] });
  expect(decide(seen, waiting, null).plan?.journal).toMatchObject({ step: "reverting", systemBack: true });
});
