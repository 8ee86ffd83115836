/** SHELL. Whether a switch-to-configuration runs, begun by us or by anybody: its lock, as the kernel lists it. */
import { readFileSync, statSync } from "node:fs";
import { attempt } from "../errno-outcome.ts";

export const switchLockFile = "/run/nixos/switch-to-configuration.lock";

export function isSwitchLocked(lockFile: string): boolean {
  return isFlocked(lockFile);
}

/** Node has no flock(2); /proc/locks tells the same without ever holding the lock ourselves. */
export function isFlocked(lockFile: string, kind: "any" | "exclusive" = "any"): boolean {
  const stats = attempt(() => statSync(lockFile, { bigint: true }));
  if (stats.kind === "failed") return false;
  const locks = attempt(() => readFileSync("/proc/locks", "utf8"));
  if (locks.kind === "failed") return false;
  const key = ` ${deviceText(stats.value.dev)}:${stats.value.ino} `;
  return locks.value
    .split("\n")
    .filter((line) => line.includes("FLOCK") && line.includes(key) && !line.includes("->"))
    .some((line) => kind === "any" || line.includes(" WRITE "));
}

/** As /proc/locks prints a device: both halves in at least two hex digits (glibc's makedev, backwards). */
function deviceText(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `${major.toString(16).padStart(2, "0")}:${minor.toString(16).padStart(2, "0")}`;
}
