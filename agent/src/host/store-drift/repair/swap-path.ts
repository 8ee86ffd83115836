/**
 * SHELL. Puts a store path's signed bytes in the place of wrong ones. They are unpacked beside it, set as Nix sets them, read again and
 * synced; then both change places, under the lock of a switch and within a moment. Nothing is deleted before.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, fsyncSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../../errno-outcome.ts";
import { run, toolEnvironment } from "../../run.ts";
import { hashSteps } from "../hash-nar.ts";
import { toEnd } from "../steps.ts";
import { walkSteps } from "../walk-path.ts";
import { dropWrongLinks } from "./drop-links.ts";
import { exchangePaths } from "./exchange-paths.ts";
import { mendPath } from "./mend-path.ts";
import { narFile, type RepairResult, type RepairTask } from "./repair-task.ts";
import { takeLock } from "./take-lock.ts";

const unpackMs = 3600_000;
const syncMs = 120_000;

export async function swapPath(task: RepairTask, folder: string): Promise<RepairResult> {
  const storeDir = `${task.root}/nix/store`;
  const fresh = join(storeDir, task.beside);
  try {
    const problem = (await unpack(join(folder, narFile), fresh)) ?? prepare(task, fresh);
    if (problem !== null) return { kind: "unsuited", why: problem };
    // On a disk that cannot keep up it goes on all the same: what a power cut takes is found at the next start.
    await run("sync", ["--file-system", fresh], { timeoutMs: syncMs });
    return await takePlace(task, { fresh, storeDir });
  } finally {
    // By now it is what was there before, or what did not come to its place.
    attempt(() => rmSync(fresh, { recursive: true, force: true }));
  }
}

/** Null when all of it is there, else the last words of Nix. */
async function unpack(nar: string, fresh: string): Promise<string | null> {
  const fd = openSync(nar, "r");
  try {
    const options = { env: toolEnvironment(), cwd: "/", timeout: unpackMs } as const;
    const child = spawn("nix-store", ["--restore", fresh], { ...options, stdio: [fd, "ignore", "pipe"] });
    let words = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      words = `${words}${text}`.slice(-1000);
    });
    const failed = once(child, "error").then(([error]: unknown[]) => String(error));
    const ended = once(child, "close").then(([code]: unknown[]) =>
      code === 0 ? null : `it ended with ${String(code)}`,
    );
    const problem = await Promise.race([failed, ended]);
    return problem === null ? null : `nix-store --restore: ${words.trim() || problem}`;
  } finally {
    closeSync(fd);
  }
}

/** Null when it is, to the last bit and mode, what is to take the place. */
function prepare({ narSize, narSha256, uid, gid }: RepairTask, fresh: string): string | null {
  const mended = mendPath(fresh, { uid, gid });
  if (mended.kind === "failed") return `modes and times could not be set: ${mended.errno}`;
  const hashed = toEnd(hashSteps(fresh, { narSize }));
  if (hashed.kind !== "hashed" || hashed.sha256 !== narSha256)
    return "what was unpacked is not what was signed";
  const walked = toEnd(walkSteps(fresh, { narSize, uid }));
  return walked.kind === "seen" && walked.metadata === null
    ? null
    : "what was unpacked has other modes or times";
}

async function takePlace(
  { root, path, switchLock }: RepairTask,
  { fresh, storeDir }: { fresh: string; storeDir: string },
): Promise<RepairResult> {
  const whole = `${root}${path}`;
  const lock = await takeLock(switchLock, "exclusive");
  if (lock === null) return { kind: "busy", what: "a switch runs" };
  // Nix makes the file for as long as it works on the path.
  const pathLock = existsSync(`${whole}.lock`) ? await takeLock(`${whole}.lock`, "exclusive") : undefined;
  try {
    if (pathLock === null) return { kind: "busy", what: "Nix works on this path" };
    const errno = await exchangePaths(fresh, whole);
    if (errno !== null) return { kind: "unsuited", why: `both could not change places: ${errno}` };
    syncFolder(storeDir);
  } finally {
    await pathLock?.release();
    await lock.release();
  }
  const links = dropWrongLinks(whole, join(storeDir, ".links"));
  return {
    kind: "done",
    notes: links === 0 ? [] : [`${links} damaged files were taken out of the store's .links`],
  };
}

function syncFolder(folder: string): void {
  attempt(() => {
    const fd = openSync(folder, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  });
}
