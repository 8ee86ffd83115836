/** SHELL. Takes away what is mounted over a path of /etc. umount(8) knows only names, and acts on nothing but mount points. */
import type { RevertOutcome } from "../revert-entry.ts";
import { tryTool } from "../try-tool.ts";

const timeoutMs = 10_000;

export interface UncoverRequest {
  /** Absolute. */
  path: string;
  /** Asked before each step; false ends it without one. */
  isCurrent: () => boolean;
  /** Whether a mount that nobody declared lies there still. */
  isCovered: () => boolean;
}

/** Several may lie on each other. */
const mostLayers = 32;

export async function uncover({ path, isCurrent, isCovered }: UncoverRequest): Promise<RevertOutcome> {
  const notes = new Set<string>();
  for (let layer = 0; layer < mostLayers && isCovered(); layer += 1) {
    if (!isCurrent()) return { kind: "abandoned" };
    const plain = await umount([path]);
    if (plain === null) continue;
    const lazy = /busy/i.test(plain) ? await umount(["--lazy", path]) : plain;
    if (lazy !== null) return { kind: "failed", errno: "EBUSY", code: "in-use", message: lazy };
    notes.add("somebody has it open: it was unmounted lazily, who has it open keeps it");
  }
  return isCovered()
    ? {
        kind: "failed",
        errno: "EBUSY",
        code: "in-use",
        message: `more than ${mostLayers} mounts lie over it`,
      }
    : { kind: "reverted", evidence: null, notes: [...notes] };
}

/** What it complains about; null when it is done. */
async function umount(args: readonly string[]): Promise<string | null> {
  const result = await tryTool("umount", args, timeoutMs);
  if (result === null) return "umount is not on this system";
  const { exitCode, stderr, timedOut } = result;
  if (exitCode === 0) return null;
  return timedOut ? `umount did not end within ${timeoutMs / 1000} s` : stderr.trim().slice(-1000);
}
