/** SHELL. Takes flags and extended attributes away, inside a directory that is open: chattr follows no link of the last name. */
import { isFlag, parseFlags } from "../../../reconcile/drift/entry-attributes.ts";
import type { Outcome } from "../../errno-outcome.ts";
import type { OpenDirectory } from "../etc-directory.ts";
import { removeTree } from "../tree.ts";
import { tryTool } from "../try-tool.ts";

const timeoutMs = 20_000;

/** Another process's way to the same directory. */
function placeOf({ fd }: OpenDirectory, name: string): string {
  return `/proc/${process.pid}/fd/${fd}/${name}`;
}

/** Of these names the ones that were immutable or append-only, and are no more. */
export async function clearFlags(directory: OpenDirectory, names: readonly string[]): Promise<string[]> {
  const cleared: string[] = [];
  for (const name of names) {
    const place = placeOf(directory, name);
    const looked = await tryTool("lsattr", ["-d", "--", place], timeoutMs);
    if (!parseFlags(looked?.stdout ?? "").has(place)) continue;
    const changed = await tryTool("chattr", ["-i", "-a", "--", place], timeoutMs);
    if (changed?.exitCode === 0) cleared.push(name);
  }
  return cleared;
}

/** What failed, in words; null when all are gone. */
export async function clearAttributes(
  directory: OpenDirectory,
  name: string,
  attributes: readonly string[],
): Promise<string | null> {
  if (attributes.some(isFlag)) await clearFlags(directory, [name]);
  for (const attribute of attributes.filter((one) => !isFlag(one))) {
    const args = ["-h", "-x", attribute, "--", placeOf(directory, name)];
    const removed = await tryTool("setfattr", args, timeoutMs);
    if (removed === null) return "setfattr is not on this system";
    if (removed.exitCode !== 0) return removed.stderr.trim().slice(-1000);
  }
  return null;
}

/** Removes a tree although somebody made parts of it immutable. */
export async function removeFlaggedTree(parent: OpenDirectory, name: string): Promise<Outcome<null>> {
  const removed = await removeTree(parent, name);
  if (removed.kind === "done" || removed.errno !== "EPERM") return removed;
  // Links have no flags, which it calls a failure: what matters is what the second try says.
  await tryTool("chattr", ["-R", "-f", "-i", "-a", "--", placeOf(parent, name)], timeoutMs);
  return removeTree(parent, name);
}
