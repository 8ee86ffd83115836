import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import { a, b, clear, desired, observed, panicOf } from "../model/machine-model.ts";
import { at } from "../model/play-machine.ts";

const waits = {
  state: null,
  reason: "rollout",
  detail: "wave 2 of 3: wave 1 of 3: 1 of 1 may go",
  repairs: true,
};
const units = { state: "running", failing: [] };
const ready = observed({ preflight: clear, units });

test("a node that has everything waits for its wave", () => {
  const waiting = decide(ready, at("staged"), { ...desired(1, b), waits });
  expect(waiting).toMatchObject({ state: "staged", plan: null, waiting: { reason: "rollout" } });
  expect(decide(ready, at("staged"), desired(1, b)).plan?.journal.step).toBe("arming");
});

test("what forbids the switch is said before anybody waits", () => {
  const refused = observed({ preflight: { ...clear, isSystem: false }, units });
  expect(decide(refused, at("staged"), { ...desired(1, b), waits }).plan?.journal.step).toBe("refused");
});

test("a restart waits for the wave too", () => {
  const restart = observed({ preflight: { ...clear, kernel: "another kernel" }, units });
  expect(decide(restart, at("staged"), { ...desired(1, b), waits }).plan).toBeNull();
});

test("a panic does not wait for it", () => {
  const { plan } = decide(ready, at("staged"), panicOf(1, a));
  expect(plan).not.toBeNull();
});
