import { HealthCheck, type CheckResult } from "@chimera/proto/health-check";
import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import { a, b, clear, desired, observed, panicOf } from "../model/machine-model.ts";
import { needsOf } from "../needs.ts";
import { OrderPolicy } from "../order-policy.ts";
import { at, play } from "../model/play-machine.ts";

const web = HealthCheck.parse({ kind: "tcp", name: "web", host: "localhost", port: 80, failures: 3 });
const policy = (afterCommit: OrderPolicy["afterCommit"]) => OrderPolicy.parse({ afterCommit, checks: [web] });
const result = (over: Partial<CheckResult>): CheckResult => ({
  name: "web",
  kind: "tcp",
  passesInRow: 0,
  failuresInRow: 0,
  runs: 9,
  message: "connection refused",
  at: "2026-11-23T12:00:00.000Z",
  ...over,
});
const system = { current: b, booted: a, profile: b, bootDefault: b };
const before = { current: a, profile: a, bootDefault: a };
const sick = observed({ system, checks: [result({ failuresInRow: 3 })] });
const proven = (afterCommit: OrderPolicy["afterCommit"]) =>
  at("committed", { before, lastCommitted: b, policy: policy(afterCommit) });

test("an unhealthy node says so once, with the check that decided", () => {
  const first = decide(sick, proven("alarm"), desired(1, b));
  expect(first.plan?.events).toEqual([
    {
      type: "unhealthy",
      data: { toplevel: b, check: "web", message: "connection refused", action: "alarm" },
    },
  ]);
  expect(first.plan?.action).toBeNull();
  const journal = first.plan?.journal ?? null;
  expect(journal).toMatchObject({ step: "committed", unhealthy: "web" });
  expect(decide(sick, journal, desired(1, b)).plan).toBeNull();
});

test("fewer failures in a row than asked say nothing", () => {
  const almost = observed({ system, checks: [result({ failuresInRow: 2 })] });
  expect(decide(almost, proven("revert-node"), desired(1, b)).plan).toBeNull();
});

test("health that comes back makes the next loss news again; silence heals nothing", () => {
  const journal = { ...proven("alarm"), unhealthy: "web" };
  expect(decide(observed({ system, checks: [] }), journal, desired(1, b)).plan).toBeNull();
  const well = observed({ system, checks: [result({ passesInRow: 1 })] });
  expect(decide(well, journal, desired(1, b)).plan?.journal.unhealthy).toBeNull();
});

test("revert-node goes back to what ran before and stays there", () => {
  const run = play({ seen: sick, journal: proven("revert-node"), want: desired(1, b) });
  expect(run.journal).toMatchObject({ step: "reverted", blame: "toplevel", lastCommitted: a });
  expect(run.seen.system).toEqual({ current: a, booted: a, profile: a, bootDefault: a });
});

test("revert-node stays on a sick system when the one before was deleted since, and says so", () => {
  const gone = { ...sick, preflight: { ...clear, isSystem: false } };
  const journal = { ...proven("revert-node"), unhealthy: "web" };
  expect(needsOf(journal).preflightTo).toBe(a);
  expect(decide(gone, journal, desired(1, b))).toMatchObject({
    state: "committed",
    plan: null,
    waiting: {
      reason: "no-way-back",
      detail: expect.stringMatching(/connection refused; .*-a is not there/),
    },
  });
  const unread = decide({ ...sick, preflight: null }, journal, desired(1, b));
  expect(unread).toMatchObject({ state: "committed", plan: null, waiting: { reason: "preflight-unknown" } });
});

test("revert-node never leaves what an operator went back to, nor a system with nothing before it", () => {
  const back = { ...proven("revert-node"), order: panicOf(1, b).order };
  expect(decide(sick, back, null).plan?.journal.step).toBe("committed");
  const first = { ...proven("revert-node"), before: { ...before, current: b } };
  expect(decide(sick, first, null).plan?.journal.step).toBe("committed");
});

test("with hold-fleet the node stands, and says that the fleet shall go no further, until it is well again", () => {
  const said = decide(sick, proven("hold-fleet"), desired(1, b));
  const journal = said.plan?.journal ?? null;
  expect(decide(sick, journal, desired(1, b))).toMatchObject({
    state: "committed",
    plan: null,
    waiting: { reason: "unhealthy-holds-fleet" },
  });
  expect(decide(sick, { ...proven("alarm"), unhealthy: "web" }, desired(1, b)).waiting).toBeNull();
  const well = observed({ system, checks: [result({ passesInRow: 1 })] });
  const mended = decide(well, journal, desired(1, b)).plan?.journal ?? null;
  expect(decide(well, mended, desired(1, b)).waiting).toBeNull();
});
