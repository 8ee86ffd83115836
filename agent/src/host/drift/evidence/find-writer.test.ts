/** Who has a file open for writing, by real handles of real processes. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, lstatSync, mkdtempSync, openSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findWriter } from "./find-writer.ts";
import { inodeOf } from "./inode.ts";

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-writer-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
  rmSync(folder, { recursive: true });
});

/** A process that has it open, and does nothing. */
function hold(path: string, flags: string): number | undefined {
  const fd = openSync(path, flags);
  const child = spawn("sleep", ["30"], { stdio: ["ignore", fd, "ignore"] });
  closeSync(fd);
  children.push(child);
  return child.pid;
}

test("a writer is named though the name leads elsewhere by now, and a reader is not", async () => {
  const path = join(folder, "file");
  writeFileSync(path, "");
  hold(path, "r");
  const inode = inodeOf(lstatSync(path));
  expect(await findWriter(inode)).toBeNull();
  const pid = hold(path, "a");
  unlinkSync(path);
  writeFileSync(path, "");
  expect(await findWriter(inode)).toMatchObject({ pid, command: "sleep", uid: 0 });
  expect(await findWriter({ ...inode, ino: inode.ino + 1 })).toBeNull();
  expect(await findWriter({ ...inode, dev: inode.dev + 1 })).toBeNull();
});

test("whoever got the number of a file that is gone is not taken for its writer", async () => {
  const gone = join(folder, "gone");
  writeFileSync(gone, "");
  const old = inodeOf(lstatSync(gone));
  unlinkSync(gone);
  const next = join(folder, "next");
  writeFileSync(next, "");
  hold(next, "a");
  // ext4 gives the number to the next file; what matters is that it would be the same one.
  const fresh = inodeOf(lstatSync(next));
  expect(fresh.bornMs).toBeGreaterThan(0);
  expect(await findWriter(fresh)).not.toBeNull();
  expect(await findWriter({ ...fresh, bornMs: old.bornMs })).toBeNull();
});
