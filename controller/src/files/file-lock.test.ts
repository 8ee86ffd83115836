import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withFileLock } from "./file-lock.ts";

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "chimera-lock-"));
  file = join(directory, "tokens.json");
});
afterEach(() => rmSync(directory, { recursive: true }));

test("takes over the lock of a process that is gone, and leaves nothing", async () => {
  const gone = execa("true");
  await gone;
  writeFileSync(`${file}.lock`, String(gone.pid));
  expect(await withFileLock(file, () => readdirSync(directory))).toEqual(["tokens.json.lock"]);
  expect(readdirSync(directory)).toEqual([]);
});

test("takes over a lock that a crash left empty", async () => {
  writeFileSync(`${file}.lock`, "");
  const before = new Date(Date.now() - 60_000);
  utimesSync(`${file}.lock`, before, before);
  expect(await withFileLock(file, () => "done")).toBe("done");
});

test("waits for a process that lives", async () => {
  writeFileSync(`${file}.lock`, String(process.pid));
  let done = false;
  const waiting = withFileLock(file, () => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toBe(false);
  rmSync(`${file}.lock`);
  await waiting;
  expect(done).toBe(true);
});
