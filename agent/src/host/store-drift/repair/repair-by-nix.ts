/**
 * SHELL. Nix's own repair, from a folder that is a cache of the one path. It deletes the path before it writes it and registers it anew; it
 * makes a store that is mounted read-only writable for itself. No switch and no garbage collection begins meanwhile.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExpectedPath } from "../../../reconcile/store-drift/store-path.ts";
import { switchLockFile } from "../../activation/switch-lock.ts";
import { sourceOptions, type FetchSource } from "../../store/nix.ts";
import { busyCode, gcLockFile, underLocks } from "./nix-locks.ts";
import { repairSeconds, runRepairUnit } from "./repair-unit.ts";

/** Null when it ended well, "busy" when it did not begin, else its last words. */
export async function repairByNix(
  { path, narSize }: ExpectedPath,
  source: FetchSource,
  folder: string,
): Promise<null | "busy" | { words: string }> {
  const options = sourceOptions({ ...source, substituters: [`file://${folder}`] });
  const nix = ["nix-store", "--repair-path", path, ...options, "--option", "fsync-store-paths", "true"];
  mkdirSync(dirname(switchLockFile), { recursive: true });
  const { exitCode, lastWords } = await runRepairUnit({
    argv: [...underLocks({ switchLock: switchLockFile, gcLock: gcLockFile }), ...nix],
    log: join(folder, "nix.log"),
    seconds: repairSeconds(narSize),
  });
  if (exitCode === 0) return null;
  return exitCode === busyCode ? "busy" : { words: `nix-store --repair-path: ${lastWords}` };
}
