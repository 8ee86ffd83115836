/** SHELL. The folders of pointers: whoever leads one elsewhere by a link has every program that names it meet another one. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import { lstatSync, readlinkSync } from "node:fs";
import { dirname } from "node:path";
import { openDirectory } from "../drift/etc-directory.ts";
import { readFacts } from "../drift/etc-facts.ts";
import { attempt, isAbsent, type Outcome } from "../errno-outcome.ts";

/** Where a link of this folder lies: on machines with one /usr, `/bin` rightly leads to it. */
export function realFolder(root: string, folder: string): string {
  if (folder !== `${root}/bin`) return folder;
  const target = attempt(() => readlinkSync(folder));
  const merged = ["usr/bin", "/usr/bin"];
  return target.kind === "done" && merged.includes(target.value) ? `${root}/usr/bin` : folder;
}

export type FolderLook =
  | { kind: "there" }
  /** The first name on the way to it that is no folder. */
  | { kind: "strange"; item: DriftItem }
  | { kind: "unread"; problem: string };

export async function lookAtFolder(folder: string): Promise<FolderLook> {
  const opened = openDirectory(folder, "");
  if (opened.kind === "done") {
    opened.value[Symbol.dispose]();
    return { kind: "there" };
  }
  if (!isAbsent(opened.errno)) return unread(folder, opened.errno);
  const path = prefixes(folder).find((prefix) => !isFolder(prefix));
  // Somebody was faster: the next look sees it.
  if (path === undefined) return unread(folder, opened.errno);
  const found = await factsOf(path);
  if (found.kind === "failed") return unread(path, found.errno);
  const kind = found.value.type === "missing" ? "missing" : "parent";
  return { kind: "strange", item: { path, kind, expected: { type: "directory" }, found: found.value } };
}

function unread(path: string, errno: string): FolderLook {
  return { kind: "unread", problem: `${path} cannot be read: ${errno}` };
}

function prefixes(folder: string): string[] {
  const names = folder.split("/").slice(1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
}

/** What cannot be looked at is told by its facts. */
function isFolder(path: string): boolean {
  const stats = attempt(() => lstatSync(path, { throwIfNoEntry: false }));
  return stats.kind === "done" && stats.value?.isDirectory() === true;
}

async function factsOf(path: string): Promise<Outcome<EntryFacts>> {
  const parent = dirname(path);
  const opened = openDirectory(parent, "");
  if (opened.kind === "failed") return opened;
  using directory = opened.value;
  return readFacts(directory, path.slice(parent === "/" ? 1 : parent.length + 1), null);
}
