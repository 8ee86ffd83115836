import { expect, test } from "vitest";
import { standInWait, type Quiet } from "./stand-in.ts";

const never = Number.NEGATIVE_INFINITY;
const quiet: Quiet = { nowMs: 100_000, seenMs: 10_000, heardMs: never, movedMs: never, afterMs: 60_000 };

test("who stands in waits until nobody was heard for long enough since it saw the head", () => {
  expect(standInWait(quiet)).toBe(0);
  expect(standInWait({ ...quiet, seenMs: 50_000 })).toBe(10_000);
});

test("a lead that is heard, or that moves its record, is given time again", () => {
  expect(standInWait({ ...quiet, heardMs: 99_000 })).toBe(59_000);
  expect(standInWait({ ...quiet, movedMs: 90_000 })).toBe(50_000);
  expect(standInWait({ ...quiet, heardMs: 30_000, movedMs: 20_000 })).toBe(0);
});
