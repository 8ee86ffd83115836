/**
 * SHELL. A few MiB in the state folder that are there to be given up: a system that fills the disk can only be left by
 * writing down that it is being left.
 */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";

const ballastBytes = 4 << 20;
/** Less free space than this is not taken for ballast. */
const spareBytes = 16 * ballastBytes;

function ballastIn(folder: string): string {
  return join(folder, "ballast");
}

/** At start and when an order has come to its end: a later full disk finds it again. Never throws. */
export function layBallast(folder: string): void {
  const file = ballastIn(folder);
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (existsSync(file) || bavail * bsize < spareBytes) return;
    const fd = openSync(file, "w", 0o600);
    try {
      writeSync(fd, Buffer.alloc(ballastBytes));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Without ballast the node is as well off as it was.
    rmSync(file, { force: true });
  }
}

/** False where there was none. */
export function dropBallast(folder: string): boolean {
  const file = ballastIn(folder);
  if (!existsSync(file)) return false;
  rmSync(file, { force: true });
  return true;
}

export function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}
