/** What a storm may take, as time goes on. */
import { expect, test } from "vitest";
import { createShare } from "./evidence-share.ts";

const minuteMs = 60_000;

test("half at once, and as much again in the course of an hour", () => {
  const share = createShare({ files: 120, bytes: 1200 });
  expect(share.isWhole(0)).toBe(true);
  share.take({ files: 59, bytes: 10 }, 0);
  expect([share.has({ files: 1, bytes: 0 }, 0), share.has({ files: 2, bytes: 0 }, 0)]).toEqual([true, false]);
  expect(share.has({ files: 1, bytes: 600 }, 0)).toBe(false);
  expect(share.has({ files: 31, bytes: 0 }, 30 * minuteMs)).toBe(true);
  expect(share.has({ files: 32, bytes: 0 }, 30 * minuteMs)).toBe(false);
  expect([share.isWhole(58 * minuteMs), share.isWhole(60 * minuteMs)]).toEqual([false, true]);
});

test("a folder may take more than there is, and the next waits longer", () => {
  const share = createShare({ files: 120, bytes: 1200 });
  share.take({ files: 120, bytes: 0 }, 0);
  expect(share.has({ files: 1, bytes: 0 }, 60 * minuteMs)).toBe(false);
  expect(share.has({ files: 1, bytes: 0 }, 62 * minuteMs)).toBe(true);
});
