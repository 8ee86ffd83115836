import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

test.each([
  ["90s", 90],
  ["15m", 900],
  ["12h", 43_200],
  ["30d", 2_592_000],
  ["0d", undefined],
  ["1w", undefined],
  ["-1d", undefined],
  ["99999d", undefined],
  ["", undefined],
])("reads %s as %s seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});
