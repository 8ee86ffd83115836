import { expect, test } from "vitest";
import { createLastLines } from "./last-lines.ts";

const last = (count: number, ...pieces: string[]): [string, boolean] => {
  const lines = createLastLines(count);
  for (const piece of pieces) lines.take(Buffer.from(piece));
  return [Buffer.from(lines.bytes()).toString("utf8"), lines.isCut()];
};

test.each<[string, number, string[], [string, boolean]]>([
  ["as many as there are", 2, ["one\n", "two\nthr", "ee\n"], ["two\nthree\n", true]],
  ["one without an end counts", 2, ["one\ntwo\nthree"], ["two\nthree", true]],
  ["fewer than wanted", 5, ["one\ntwo\n"], ["one\ntwo\n", false]],
  ["none", 0, ["one\ntwo\n"], ["", true]],
  ["all", Number.POSITIVE_INFINITY, ["one\n", "two"], ["one\ntwo", false]],
])("%s", (...[, count, pieces, expected]) => {
  expect(last(count, ...pieces)).toEqual(expected);
});

test("of more than anybody would hold only the last are held", () => {
  const lines = createLastLines(3);
  for (let index = 0; index < 400_000; index += 1) lines.take(Buffer.from(`line ${index}\n`));
  expect(Buffer.from(lines.bytes()).toString("utf8")).toBe("line 399997\nline 399998\nline 399999\n");
});
