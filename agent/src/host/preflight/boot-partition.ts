/** SHELL. The boot partition: what is free on it, and which kernels and initrds lie there. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { maxBootFiles, type SpaceLimits } from "@chimera/proto/health";
import { bootFolders, bootNameDigest } from "@chimera/proto/system/boot-files";
import { freeBytes } from "../free-bytes.ts";

export interface BootPartition {
  freeBytes: number | null;
  /** Of the copies that a boot loader's installer made. */
  names: string[];
}

/** Null where it is no file system of its own: then nothing of it can fill up by itself. */
export function readBootPartition(boot: string): BootPartition | null {
  if (!isOwnFileSystem(boot)) return null;
  return { freeBytes: freeBytes(boot), names: bootFolders.flatMap((folder) => listOf(join(boot, folder))) };
}

/** One that is broken is there, and what is free on it nobody knows. */
function isOwnFileSystem(folder: string): boolean {
  try {
    const own = statSync(folder, { throwIfNoEntry: false });
    return own !== undefined && own.dev !== statSync(dirname(folder)).dev;
  } catch {
    return true;
  }
}

/**
 * What the node says of it all the time. One that is mounted when somebody looks is left alone: it would never be unmounted
 * again.
 */
export function tellBootPartition(
  boot: string,
  reserveBytes: number,
  mounts = readFileSync("/proc/self/mountinfo", "utf8"),
): SpaceLimits["boot"] {
  if (isOnDemand(boot, mounts)) return { freeBytes: null, reserveBytes, files: [] };
  const found = readBootPartition(boot);
  if (found === null) return null;
  const files = found.names.slice(0, maxBootFiles).map(bootNameDigest);
  return { freeBytes: found.freeBytes, reserveBytes, files };
}

/** The kernel writes "36 24 0:30 / /boot rw,relatime shared:9 - autofs systemd-1 rw,fd=59". */
function isOnDemand(boot: string, mounts: string): boolean {
  return mounts.split("\n").some((line) => line.split(" ")[4] === boot && line.includes(" - autofs "));
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
