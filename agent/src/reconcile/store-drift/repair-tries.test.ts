import { expect, test } from "vitest";
import { mostAnHour, spendMetadata } from "./metadata-budget.ts";
import {
  dueTries,
  isWaiting,
  nextTryMs,
  noteAbandoned,
  noteDone,
  noteFailed,
  waitedMs,
} from "./repair-tries.ts";

const hour = 3600_000;

test("a repair that fails is tried again later and later, at most an hour apart, until the path is right", () => {
  const rests: number[] = [];
  let tries: Parameters<typeof noteFailed>[0] = new Map();
  for (let i = 0; i < 10; i += 1) {
    tries = noteFailed(tries, "a", 0);
    rests.push(nextTryMs(tries) ?? 0);
  }
  expect(rests[0]).toBe(30_000);
  expect(rests).toEqual(rests.toSorted((a, b) => a - b));
  expect(rests.at(-1)).toBe(hour);
  expect([isWaiting(tries, "a", hour - 1), isWaiting(tries, "a", hour)]).toEqual([true, false]);
  expect([dueTries(tries, 0), dueTries(tries, hour)]).toEqual([[], ["a"]]);
  expect(nextTryMs(noteAbandoned(tries, "a", 0))).toBe(2000);
  expect(nextTryMs(noteDone(tries, "a"))).toBeNull();
});

test("one that waits for somebody asks again soon, then each minute, and knows how long it waits", () => {
  let tries: Parameters<typeof noteFailed>[0] = new Map();
  const times: number[] = [0];
  for (let i = 0; i < 8; i += 1) {
    tries = noteAbandoned(tries, "a", times.at(-1) ?? 0);
    times.push(nextTryMs(tries) ?? 0);
  }
  const rests = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  expect(rests).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(waitedMs(tries, "a", times.at(-2) ?? 0)).toBe(times.at(-2));
  expect(waitedMs(noteFailed(tries, "a", 500_000), "a", 600_000)).toBe(0);
});

test("in an hour only so many paths are written again for their times alone", () => {
  let spentAt: readonly number[] = [];
  const allowed = Array.from({ length: mostAnHour + 5 }, (_, i) => {
    const spending = spendMetadata(spentAt, i);
    ({ spentAt } = spending);
    return spending.isAllowed;
  });
  expect(allowed.filter(Boolean)).toHaveLength(mostAnHour);
  expect(spendMetadata(spentAt, hour + 1).isAllowed).toBe(true);
});
