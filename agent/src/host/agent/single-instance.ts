/**
 * SHELL. One agent drives the node. Node has no flock, so the lock is a file that is linked into place whole and names
 * its process by pid, start time and boot: a dead one's lock is known as such.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { bootId } from "../boot-clock.ts";
import { processStart } from "../process-start.ts";

/** Throws write-conflict while another agent lives. The result gives the lock back. */
export function takeInstanceLock(runtimeDir: string): () => void {
  mkdirSync(runtimeDir, { recursive: true, mode: 0o700 });
  const lock = join(runtimeDir, "agent.lock");
  const mine = describe(process.pid);
  const fresh = `${lock}.${process.pid}`;
  writeFileSync(fresh, mine, { mode: 0o600 });
  try {
    for (let tries = 0; tries < 5; tries += 1) {
      if (tryLink(fresh, lock)) return () => release(lock, mine);
      const holder = read(lock);
      if (holder !== undefined && isAlive(holder)) {
        throw new ChimeraError(
          "write-conflict",
          `another agent drives this node: pid ${holder.split(" ")[0]}`,
        );
      }
      if (holder !== undefined) clearStale(lock, holder);
    }
    throw new ChimeraError("write-conflict", `${lock} is contended`);
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Ends whoever holds the lock: a loop that hangs does not answer, so it is not asked. */
export function endInstance(runtimeDir: string): void {
  const holder = read(join(runtimeDir, "agent.lock"));
  if (holder === undefined || !isAlive(holder)) return;
  process.kill(Number(holder.split(" ")[0]), "SIGKILL");
}

function tryLink(fresh: string, lock: string): boolean {
  try {
    linkSync(fresh, lock);
    return true;
  } catch {
    return false;
  }
}

/** Moves aside only what was judged dead; somebody's fresh lock goes back. */
function clearStale(lock: string, holder: string): void {
  const aside = `${lock}.stale.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  if (read(aside) !== holder) tryLink(aside, lock);
  rmSync(aside, { force: true });
}

function release(lock: string, mine: string): void {
  if (read(lock) === mine) rmSync(lock, { force: true });
}

function isAlive(holder: string): boolean {
  return describe(Number(holder.split(" ")[0])) === holder;
}

/** "pid starttime boot"; the start time tells a reused pid. */
function describe(pid: number): string {
  return `${pid} ${processStart(pid) ?? "gone"} ${bootId()}`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
