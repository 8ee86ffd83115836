import { expect, test } from "vitest";
import { atMost, spread } from "./figures.ts";

test("percentiles are measured values by nearest rank", () => {
  const samples = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(spread(samples)).toEqual({ p50: 100, p99: 198, max: 200 });
  expect(spread([7])).toEqual({ p50: 7, p99: 7, max: 7 });
});

test("no samples is an error, not a zero", () => {
  expect(() => spread([])).toThrow(/no samples/);
});

test("a figure is ok up to its bound", () => {
  expect(atMost("x", 100, { unit: "MB", n: 1, bound: 100 }).ok).toBe(true);
  expect(atMost("x", 100.1, { unit: "MB", n: 1, bound: 100 }).ok).toBe(false);
});
