import { expect, test } from "vitest";
import type { NodeSight } from "./lead-sight.ts";
import { outcomeOf } from "./node-outcome.ts";

const minute = 60_000;
const sight: NodeSight = {
  silentMs: 1_000,
  hasHead: true,
  acceptedAt: null,
  state: "staged",
  waiting: "switch-locked",
  problem: "somebody else switches the system now",
  lostContact: false,
  asksHold: false,
  isProven: false,
  isGoingBack: false,
};
const limits = { probationMs: 0, activationMs: 0, stagingMs: 0, letGoMs: 5 * minute };
const late = { ...limits, letGoMs: 5 * minute + 1 };

test("who may go and has not begun yet is waited for, for five minutes", () => {
  expect(outcomeOf(sight, limits)).toEqual({ kind: "staged" });
  expect(outcomeOf(sight, { ...limits, letGoMs: null })).toEqual({ kind: "staged" });
});

test("whom its own machine keeps from beginning for longer has failed, with its words", () => {
  const reason = "has not begun within 5 minutes: switch-locked: somebody else switches the system now";
  expect(outcomeOf(sight, late)).toEqual({ kind: "failed", reason, byContact: false });
});

test.each(["rollout", "paused", "equivocation", null])(
  "nobody waits for one that has not begun because of %s, and it has not failed",
  (waiting) => {
    expect(outcomeOf({ ...sight, waiting }, late).kind).toBe("standing");
  },
);

test("one on which another system was booted stands at once, before its turn and after its commit", () => {
  const booted = { ...sight, waiting: "booted-other", problem: "" };
  const standing = { kind: "standing", reason: "another system was booted there" };
  expect(outcomeOf(booted, limits)).toEqual(standing);
  expect(outcomeOf({ ...booted, state: "staged-for-reboot" }, limits)).toEqual(standing);
  expect(outcomeOf({ ...booted, state: "committed" }, limits)).toEqual(standing);
  expect(outcomeOf({ ...booted, state: "committed", isProven: true }, limits)).toEqual({ kind: "committed" });
});

test("one that has gone back with the fleet has failed, whatever it says now, and also when it has gone silent", () => {
  const failed = { kind: "failed", reason: "has gone back with the fleet", byContact: false };
  for (const state of ["reverting", "committed", "reverted"])
    expect(outcomeOf({ ...sight, state, isGoingBack: true, silentMs: minute }, limits)).toEqual(failed);
});

test("one that is held stands at once, one that has gone silent is away", () => {
  expect(outcomeOf({ ...sight, state: "held", waiting: "held" }, limits).kind).toBe("standing");
  expect(outcomeOf({ ...sight, silentMs: minute }, late).kind).toBe("away");
});

test("a word that only a newer node knows is neither an end nor a failure, and who says it is missed when it goes silent", () => {
  const newer = { ...sight, state: "hibernating", waiting: null };
  expect(outcomeOf(newer, limits)).toEqual({ kind: "under-way" });
  expect(outcomeOf({ ...newer, isProven: true }, limits)).toEqual({ kind: "under-way" });
  expect(outcomeOf({ ...newer, silentMs: 2 * minute }, limits)).toMatchObject({ kind: "failed" });
});
