// SHELL. What systemd-nspawn keeps under /run: a killed one leaves it behind.
import { existsSync } from "node:fs";
import { readdir, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { lane } from "./lane.ts";
import { runTool } from "./tools/run-tool.ts";

/** What every machine of this lane's lab is called by nspawn. */
export const machinePrefix = lane === 1 ? "chimera-" : `chimera${lane}-`;

/** nspawn's own folders, parents first; no other entry of /run/systemd is ever touched. */
const folders = ["", "/locks", "/propagate", "/unix-export"].map((name) => `/run/systemd/nspawn${name}`);

export async function runEntries(): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of folders.filter((path) => existsSync(path))) {
    found.add(folder);
    for (const name of await readdir(folder)) found.add(join(folder, name));
  }
  return [...found];
}

/** Removes what was not there before the lab; called when none of its processes lives any more. */
export async function removeRunLeftovers(before: readonly string[]): Promise<void> {
  const known = new Set(before);
  const added = (await runEntries()).filter((path) => !known.has(path));
  for (const path of added.toReversed()) await removeOwn(path);
}

/** Somebody else's container may have started since: a lock that is held, another's name, a folder in use stay. */
async function removeOwn(path: string): Promise<void> {
  if (folders.includes(path)) return rmdir(path).catch(inUse);
  if (basename(dirname(path)) === "locks") {
    await runTool(["flock", "--nonblock", path, "rm", "--force", path]).catch(inUse);
    return;
  }
  if (basename(path).startsWith(machinePrefix)) await rm(path, { recursive: true, force: true });
}

function inUse(): void {
  // Not ours to remove.
}
