import { expect, test } from "vitest";
import { buildIdOf, createBuildIdScan } from "./build-ids.ts";

const note = (id: string) => Buffer.from(`040000001400000003000000474e5500${id}`, "hex");
const [one, two] = ["ab".repeat(20), "0102".repeat(10)];

test.each([1, 7, 35, 36, 1000])("each build id is found once, in pieces of %d bytes", (size) => {
  const ids: string[] = [];
  const scan = createBuildIdScan((id) => ids.push(id));
  const text = Buffer.concat([
    Buffer.alloc(100, 4),
    note(one),
    Buffer.alloc(3),
    note(two),
    note(one),
    Buffer.from("GNU"),
  ]);
  for (let at = 0; at < text.length; at += size) scan.push(text.subarray(at, at + size));
  expect(ids).toEqual([one, two, one]);
});

test("a note that is cut off, or of another kind, names no build", () => {
  const property = Buffer.from("040000001000000005000000474e5500", "hex");
  expect(buildIdOf(Buffer.concat([property, Buffer.alloc(16), note(two)]))).toBe(two);
  expect(buildIdOf(note(one).subarray(0, 35))).toBeNull();
  expect(buildIdOf(Buffer.alloc(0))).toBeNull();
});
