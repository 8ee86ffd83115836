/** SHELL. The specialisations that a system's own closure names: each a link, directly to another toplevel of the store. */
import { lstatSync, opendirSync, readlinkSync, type Dir } from "node:fs";
import { StorePath } from "@chimera/proto/names";
import { attempt } from "./errno-outcome.ts";

/** More have no meaning, and cost each look. */
const mostNames = 256;

/**
 * Names by toplevel. Nothing is followed: what leads to a system over another link, or out of a folder that is one itself, is not
 * what the closure declares.
 */
export function readSpecialisations(toplevel: string): Map<string, string> {
  const names = new Map<string, string>();
  const folder = `${toplevel}/specialisation`;
  if (!isDirectory(toplevel) || !isDirectory(folder)) return names;
  const opened = attempt(() => opendirSync(folder));
  if (opened.kind === "failed") return names;
  readNames(opened.value, folder, names);
  opened.value.closeSync();
  return names;
}

function readNames(directory: Dir, folder: string, names: Map<string, string>): void {
  for (let count = 0; count < mostNames; count += 1) {
    const entry = directory.readSync();
    if (entry === null) return;
    if (!entry.isSymbolicLink()) continue;
    const target = attempt(() => readlinkSync(`${folder}/${entry.name}`));
    const path = target.kind === "done" ? StorePath.safeParse(target.value).data : undefined;
    if (path !== undefined) names.set(path, entry.name);
  }
}

function isDirectory(path: string): boolean {
  const stats = attempt(() => lstatSync(path));
  return stats.kind === "done" && stats.value.isDirectory();
}
