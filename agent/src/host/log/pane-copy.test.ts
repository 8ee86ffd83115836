import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPaneCopy } from "./pane-copy.ts";

test("a pane that nobody reads takes what fits and never blocks the writer", () => {
  const folder = mkdtempSync(join(tmpdir(), "chimera-pane-"));
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  // Opened for both directions and in blocking mode, as a terminal that stopped reading.
  const stuck = openSync(pipe, constants.O_RDWR);
  const copy = openPaneCopy(stuck);
  expect(copy).not.toBeNull();
  const begun = performance.now();
  const line = `${"x".repeat(1023)}\n`;
  for (let i = 0; i < 1_000; i += 1) copy?.write(line);
  expect(performance.now() - begun).toBeLessThan(2_000);
  const buffer = Buffer.alloc(4096);
  expect(readSync(stuck, buffer)).toBeGreaterThan(0);
  copy?.close();
  copy?.write("after the end\n");
  closeSync(stuck);
  rmSync(folder, { recursive: true });
});

test("a descriptor that cannot be opened again gives no copy", () => {
  expect(openPaneCopy(9_999)).toBeNull();
});
