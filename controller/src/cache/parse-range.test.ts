import { expect, test } from "vitest";
import { parseRange } from "./parse-range.ts";

test.each([
  ["bytes=0-", { start: 0, end: 99 }],
  ["bytes=10-19", { start: 10, end: 19 }],
  ["bytes=90-1000", { start: 90, end: 99 }],
  ["bytes=-10", { start: 90, end: 99 }],
  ["bytes=-1000", { start: 0, end: 99 }],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=20-10", undefined],
  ["bytes=-", undefined],
  ["bytes=0-1,5-6", undefined],
  ["lines=1-2", undefined],
  [undefined, undefined],
])("reads %s of 100 bytes as %o", (header, expected) => {
  expect(parseRange(header, 100)).toEqual(expected);
});

test("satisfies no range of an empty file", () => {
  expect(parseRange("bytes=-5", 0)).toBe("unsatisfiable");
});
