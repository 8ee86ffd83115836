/**
 * SHELL. What runs in a repair's unit, in a namespace of mounts of its own: the agent may be restarted meanwhile. It reads its task from a
 * folder and leaves its answer there.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { attempt } from "../../errno-outcome.ts";
import { writeDurably } from "../../state/state-file.ts";
import { mendPath } from "./mend-path.ts";
import { besideName, RepairTask, resultFile, taskFile, type RepairResult } from "./repair-task.ts";
import { takeRights } from "../store-rights.ts";
import { swapPath } from "./swap-path.ts";
import { takeLock } from "./take-lock.ts";
import { makeStoreWritable } from "./writable-store.ts";

export async function serveRepair(folder: string): Promise<void> {
  const task = RepairTask.parse(JSON.parse(readFileSync(join(folder, taskFile), "utf8")));
  const result = await carryOut(task, folder).catch((error: unknown): RepairResult => {
    if (!(error instanceof ChimeraError)) throw error;
    return { kind: "unsuited", why: errorChain(error).slice(0, 2048) };
  });
  writeDurably(join(folder, resultFile), JSON.stringify(result));
}

async function carryOut(task: RepairTask, folder: string): Promise<RepairResult> {
  const storeDir = `${task.root}/nix/store`;
  mkdirSync(dirname(task.switchLock), { recursive: true });
  await makeStoreWritable(storeDir);
  // Nix makes the file; where it has none it has never collected anything.
  const garbage = existsSync(task.gcLock) ? await takeLock(task.gcLock, "shared") : undefined;
  if (garbage === null) return { kind: "busy", what: "a garbage collection runs" };
  try {
    removeLeftovers(storeDir);
    return task.route === "swap" ? await swapPath(task, folder) : await mend(task);
  } finally {
    await garbage?.release();
  }
}

/** Only one repair runs at a time: what lies there was cut off. */
function removeLeftovers(storeDir: string): void {
  for (const name of readdirSync(storeDir).filter((entry) => besideName.test(entry.replace(/-old$/, ""))))
    attempt(() => rmSync(join(storeDir, name), { recursive: true, force: true }));
}

async function mend({ root, path, uid, gid, switchLock }: RepairTask): Promise<RepairResult> {
  const lock = await takeLock(switchLock, "exclusive");
  if (lock === null) return { kind: "busy", what: "a switch runs" };
  try {
    const left = await takeRights(`${root}${path}`);
    if (left !== null) return { kind: "failed", why: `capabilities or ACLs could not be taken off: ${left}` };
    const mended = mendPath(`${root}${path}`, { uid, gid });
    return mended.kind === "done"
      ? { kind: "done", notes: [] }
      : { kind: "failed", why: `modes, owners and times could not be set: ${mended.errno}` };
  } finally {
    await lock.release();
  }
}
