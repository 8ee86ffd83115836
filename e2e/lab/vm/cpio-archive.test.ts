import { expect, test } from "vitest";
import { cpioArchive } from "./cpio-archive.ts";

test("members have their headers, names and contents at multiples of four", () => {
  const archive = cpioArchive([
    { kind: "folder", path: "bin" },
    { kind: "file", path: "bin/a", data: Buffer.from("hello"), mode: 0o755 },
    { kind: "link", path: "bin/b", target: "a" },
  ]);
  expect(archive.length % 4).toBe(0);
  const text = archive.toString("latin1");
  const starts = [...text.matchAll(/070701/g)].map(({ index }) => index);
  expect(starts).toHaveLength(4);
  for (const start of starts) expect(start % 4).toBe(0);
  // Field 2 is the mode, field 7 the size, field 12 the length of the name with its zero.
  const field = (start: number, n: number): number =>
    Number.parseInt(text.slice(start + 6 + (n - 1) * 8, start + 6 + n * 8), 16);
  expect(starts.map((start) => field(start, 2).toString(8))).toEqual(["40755", "100755", "120777", "100000"]);
  expect(starts.map((start) => field(start, 7))).toEqual([0, 5, 1, 0]);
  expect(starts.map((start) => field(start, 12))).toEqual([4, 6, 6, 11]);
});

test("the same entries give the same bytes", () => {
  const entry = { kind: "file", path: "a", data: Buffer.from("1"), mode: 0o644 } as const;
  expect(cpioArchive([entry]).equals(cpioArchive([entry]))).toBe(true);
});
