/** SHELL. One writer at a time for a file that several commands read, change and write. */
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { isNoEntry } from "./durable-file.ts";

const patienceMs = 10_000;

/** A lock whose process is gone is taken over: a killed command must not lock its file for ever. */
export async function withFileLock<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const deadline = performance.now() + patienceMs;
  while (!tryLock(lock)) {
    if (performance.now() > deadline) {
      throw new ChimeraError("write-conflict", `${lock} is held by another process`);
    }
    await sleep(20);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Linked, not created: the name is never there without the process that holds it. */
function tryLock(lock: string): boolean {
  const draft = `${lock}.${randomUUID()}`;
  try {
    writeFileSync(draft, String(process.pid), { flag: "wx" });
    linkSync(draft, lock);
    return true;
  } catch (cause) {
    if (!isTaken(cause)) throw new ChimeraError("file-unreadable", lock, { cause });
    if (isOrphan(lock)) setAside(lock);
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Moved before it is removed: another command may have taken the orphan over since, and then has it back. */
function setAside(lock: string): void {
  const aside = `${lock}.${randomUUID()}`;
  try {
    renameSync(lock, aside);
    if (!isOrphan(aside)) linkSync(aside, lock);
  } catch (cause) {
    if (!isNoEntry(cause) && !isTaken(cause)) throw new ChimeraError("file-unreadable", lock, { cause });
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Also of a file without a process in it, once it is older than any command's work. */
function isOrphan(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    if (!Number.isInteger(pid) || pid < 1) return Date.now() - statSync(lock).mtimeMs > patienceMs;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
