import { expect, test } from "vitest";
import { atMost, percentiles, spread } from "./figures.ts";

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

test("a figure of percentiles is ok while each bound that it names is kept, and names no other", () => {
  const samples = [1, 2, 300];
  expect(percentiles("x", samples, { unit: "ms", bounds: { p50: 2 } })).toEqual({
    name: "x",
    unit: "ms",
    n: 3,
    p50: 2,
    p99: 300,
    max: 300,
    bound: "p50 <= 2",
    ok: true,
    peers: [],
  });
  const both = (p50: number, p99: number) => percentiles("x", samples, { unit: "ms", bounds: { p50, p99 } });
  expect(both(2, 300)).toMatchObject({ bound: "p50 <= 2, p99 <= 300", ok: true });
  expect(both(2, 299).ok).toBe(false);
  expect(both(1, 300).ok).toBe(false);
});
