/** SHELL. One thing of the store takes the place of another: in one step where the tools know how, else in two. */
import { renameSync, rmSync } from "node:fs";
import { attempt } from "../../errno-outcome.ts";
import { run } from "../../run.ts";

/** Null when it is done, and what was there lies at `fresh`; else an errno, and all is as it was. */
export async function exchangePaths(fresh: string, path: string): Promise<string | null> {
  // coreutils 9.5 and later. With it there is no moment at which nothing is there.
  const { exitCode } = await run("mv", ["--exchange", "--no-target-directory", fresh, path], {
    timeoutMs: 30_000,
  });
  if (exitCode === 0) return null;
  return replaceInTwo(fresh, path);
}

/** Between the two renames, for some microseconds, nothing is there. */
export function replaceInTwo(fresh: string, path: string): string | null {
  const aside = `${fresh}-old`;
  rmSync(aside, { recursive: true, force: true });
  const moved = attempt(() => renameSync(path, aside));
  if (moved.kind === "failed") return moved.errno;
  const placed = attempt(() => renameSync(fresh, path));
  if (placed.kind === "failed") {
    renameSync(aside, path);
    return placed.errno;
  }
  attempt(() => renameSync(aside, fresh));
  return null;
}
