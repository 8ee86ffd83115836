/** What costs the whole machine something is tried ever more rarely. */
import { expect, test } from "vitest";
import { createCostlyTries, firstWaitMs, longestWaitMs } from "./costly-tries.ts";

test("each failure waits twice as long, to an hour, and what went well begins anew", () => {
  const tries = createCostlyTries<string>();
  expect(tries.waiting("a", 0)).toBeNull();
  const waits: number[] = [];
  let now = 0;
  for (let count = 1; count <= 8; count += 1) {
    const problemOf = (waitMs: number): string => {
      waits.push(waitMs);
      return `no ${count}`;
    };
    expect(tries.noteFailed("a", problemOf, now)).toEqual({ tries: count, problem: `no ${count}` });
    const waitMs = waits.at(-1) ?? 0;
    expect(tries.waiting("a", now + waitMs - 1)).toBe(`no ${count}`);
    expect(tries.waiting("b", now)).toBeNull();
    now += waitMs;
    expect(tries.waiting("a", now)).toBeNull();
  }
  expect(waits.slice(0, 3)).toEqual([firstWaitMs, 2 * firstWaitMs, 4 * firstWaitMs]);
  expect(waits.at(-1)).toBe(longestWaitMs);
  tries.forget("a");
  expect(tries.noteFailed("a", String, now).tries).toBe(1);
});
