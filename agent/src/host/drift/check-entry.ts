/** SHELL. Compares one declared entry with what is at its path now. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import { lstatSync, readlinkSync } from "node:fs";
import { compareEntry } from "../../reconcile/drift/drift.ts";
import type { ExpectedEntry, OwnerIds } from "../../reconcile/drift/etc-entry.ts";
import { attempt, isAbsent } from "../errno-outcome.ts";
import { openDirectory } from "./etc-directory.ts";
import { readFacts } from "./etc-facts.ts";
import { resolveOwner } from "./etc-owners.ts";

export type Checked =
  | { kind: "clean"; ids: OwnerIds }
  /** A directory on the way is gone or replaced: its own entry tells that, and its repair leads back here. */
  | { kind: "covered" }
  | { kind: "unreadable"; errno: string }
  | { kind: "drifted"; item: DriftItem; ids: OwnerIds };

export async function checkEntry(etcDir: string, entry: ExpectedEntry): Promise<Checked> {
  if (isPlainlyRight(etcDir, entry)) return { kind: "clean", ids: { uid: undefined, gid: undefined } };
  const slash = entry.path.lastIndexOf("/");
  const opened = openDirectory(etcDir, slash < 0 ? "" : entry.path.slice(0, slash));
  if (opened.kind === "failed")
    return isAbsent(opened.errno) && slash >= 0
      ? { kind: "covered" }
      : { kind: "unreadable", errno: opened.errno };
  using directory = opened.value;
  const declaredBytes = entry.kind === "file" ? entry.size : null;
  const found = await readFacts(directory, entry.path.slice(slash + 1), declaredBytes);
  if (found.kind === "failed") return { kind: "unreadable", errno: found.errno };
  return compare(etcDir, entry, found.value);
}

/**
 * One call for the many links and directories that are as they should be. Its path may lead through a link that somebody put on
 * the way: that directory has an entry of its own, which comes before this one, and nothing is written because of this answer.
 */
function isPlainlyRight(etcDir: string, entry: ExpectedEntry): boolean {
  const path = `${etcDir}/${entry.path}`;
  if (entry.kind === "file") return false;
  const right = attempt(() =>
    entry.kind === "link" ? readlinkSync(path) === entry.target : lstatSync(path).isDirectory(),
  );
  return right.kind === "done" && right.value;
}

async function compare(etcDir: string, entry: ExpectedEntry, found: EntryFacts): Promise<Checked> {
  const ids = await resolveOwner(etcDir, entry);
  const item = compareEntry(entry, found, ids);
  return item === null ? { kind: "clean", ids } : { kind: "drifted", item, ids };
}
