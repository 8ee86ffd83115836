/** SHELL. One writer at a time for a file that several commands read, change and write. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { isNoEntry } from "./durable-file.ts";

const patienceMs = 10_000;

/** A lock whose process is gone is taken over: a killed command must not lock its file for ever. */
export async function withFileLock<T>(path: string, work: () => T): Promise<T> {
  const lock = `${path}.lock`;
  const deadline = Date.now() + patienceMs;
  while (!tryLock(lock)) {
    if (Date.now() > deadline) throw new ChimeraError("write-conflict", `${lock} is held by another process`);
    await sleep(20);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tryLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (cause) {
    if (isNoEntry(cause)) throw new ChimeraError("file-unreadable", lock, { cause });
    if (isOrphan(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function isOrphan(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    if (!Number.isInteger(pid) || pid < 1) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
