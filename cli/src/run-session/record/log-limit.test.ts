import { expect, test } from "vitest";
import { firstKept, parseLogLimit, pieceBytes } from "./log-limit.ts";

test.each([
  ["1M", 1_048_576],
  ["64MiB", 67_108_864],
  ["2g", 2_147_483_648],
  ["1TB", 1_099_511_627_776],
  ["none", null],
])("%s is %s", (text, bytes) => {
  expect(parseLogLimit(text)).toBe(bytes);
});

test.each(["", "0M", "64", "64K", "-1M", "1.5G", "1G;", "9999999T", "None", " 1M"])(
  "%j is no limit",
  (text) => {
    expect(() => parseLogLimit(text)).toThrow(/--log-limit/u);
  },
);

test("what is dropped are whole pieces, and never less than the limit is kept", () => {
  const limit = 3 * pieceBytes;
  expect([0, limit, limit + 1, limit + pieceBytes - 1].map((size) => firstKept(size, limit))).toEqual([
    0, 0, 0, 0,
  ]);
  expect(firstKept(limit + pieceBytes, limit)).toBe(pieceBytes);
  expect(firstKept(10 * pieceBytes + 5, limit)).toBe(7 * pieceBytes);
});
