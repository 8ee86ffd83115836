import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dumpTo } from "./dump-to.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-dump-"));
  file = join(folder, "nar");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("what a program prints is in the file, byte for byte", async () => {
  expect(await dumpTo(file, ["printf", String.raw`a\000\377`], 3)).toBeNull();
  expect(readFileSync(file)).toEqual(Buffer.from([0x61, 0, 0xff]));
});

test("one that goes on without end is ended", async () => {
  expect(await dumpTo(file, ["yes"], 1000)).toBe("it sends more than was signed");
  const { size } = statSync(file);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(statSync(file).size).toBe(size);
});

test("one that fails says why, one that is missing too", async () => {
  expect(await dumpTo(file, ["ls", join(folder, "no-such")], 1000)).toContain("No such file");
  expect(await dumpTo(file, ["false"], 1000)).toBe("ended with 1");
  expect(await dumpTo(file, ["no-such-program-here"], 1000)).toContain("ENOENT");
});
