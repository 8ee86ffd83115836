// SHELL. A process named so that a later one with the same pid is not taken for it.
import { readFileSync } from "node:fs";
import { z } from "zod";

export const ProcessIdentity = z.strictObject({
  pid: z.number().int().positive(),
  /** Field 22 of /proc/<pid>/stat: clock ticks since the machine's boot. */
  startTicks: z.string().max(32),
  bootId: z.string().max(64),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTicks: startTicksOf(process.pid) ?? "", bootId: bootId() };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId() && startTicksOf(identity.pid) === identity.startTicks;
}

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function startTicksOf(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  // The second field is the name in brackets and may itself hold brackets and spaces.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/** A process may end between any two looks at it: its files are then absent, which is an answer. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
