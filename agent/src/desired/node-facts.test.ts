import { expect, test } from "vitest";
import { committedHead, failedSystem } from "./node-facts.ts";
import { a, b, headId, panicOf } from "../reconcile/model/machine-model.ts";
import { at } from "../reconcile/model/play-machine.ts";

const failure = { code: "activation-failed", message: "web.service failed", at: "2026-11-23T12:00:00.000Z" };
const reverting = at("reverting", { blame: "toplevel", problem: failure });

test("a system that failed by itself is denied when the way back begins, and only then", () => {
  expect(failedSystem(at("probation"), reverting)).toEqual({ toplevel: b, reason: "web.service failed" });
  // A pardon must not be taken back by the same old failure.
  expect(failedSystem(reverting, reverting)).toBeNull();
  expect(failedSystem(reverting, { ...reverting, step: "reverted" })).toBeNull();
});

test("lost contact, a panic and a system that was proven before deny nothing", () => {
  const before = at("probation");
  expect(failedSystem(before, { ...reverting, blame: "contact" })).toBeNull();
  expect(failedSystem(before, { ...reverting, blame: "none" })).toBeNull();
  expect(failedSystem(before, { ...reverting, lastCommitted: b })).toBeNull();
  expect(failedSystem(before, { ...reverting, order: panicOf(1, a).order })).toBeNull();
});

test("only a committed head proves its system", () => {
  expect(committedHead(at("committed"))).toBe(headId("1"));
  expect(committedHead(at("probation"))).toBeNull();
  expect(committedHead(at("committed", { order: panicOf(1, a).order }))).toBeNull();
  expect(committedHead(null)).toBeNull();
});
