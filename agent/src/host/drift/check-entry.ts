/** SHELL. Compares one declared entry with what is at its path now. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { compareEntry } from "../../reconcile/drift/drift.ts";
import { folderDifference } from "../../reconcile/drift/folder-rights.ts";
import type { ExpectedEntry, ExpectedFile, OwnerIds } from "../../reconcile/drift/etc-entry.ts";
import { isOwnTrouble } from "../../reconcile/drift/own-trouble.ts";
import { attempt, isAbsent, type Outcome } from "../errno-outcome.ts";
import type { DigestStamps } from "./digest-stamps.ts";
import { walkDirectories, type DirectoryWalk, type OpenDirectory } from "./etc-directory.ts";
import { readFacts, unreadFacts } from "./etc-facts.ts";
import { resolveOwner } from "./etc-owners.ts";

export type Checked =
  | { kind: "clean"; ids: OwnerIds }
  /** A directory on the way is gone or replaced: its own entry tells that, and its repair leads back here. */
  | { kind: "covered" }
  /** That says nothing of the entry: what cannot be read for a reason of its own has drifted. */
  | { kind: "unreadable"; errno: string }
  | { kind: "drifted"; item: DriftItem; ids: OwnerIds };

/** Compares one entry, opened for it alone. */
export async function checkEntry(etcDir: string, entry: ExpectedEntry): Promise<Checked> {
  using walk = walkDirectories(etcDir);
  return await checkNext({ etcDir, walk, stamps: null }, entry);
}

export interface EntryLook {
  etcDir: string;
  walk: DirectoryWalk;
  /** With them a file that is as it was when its bytes were right is not read. */
  stamps: DigestStamps | null;
}

/** The same of one among many, whose directory may be open from the entry before. */
export async function checkNext(look: EntryLook, entry: ExpectedEntry): Promise<Checked> {
  const { etcDir, walk, stamps } = look;
  if (isPlainlyRight(etcDir, entry)) return { kind: "clean", ids: { uid: undefined, gid: undefined } };
  const stamped = stampedOwner(etcDir, entry, stamps);
  if (stamped.ids !== null) return { kind: "clean", ids: stamped.ids };
  const slash = entry.path.lastIndexOf("/");
  const opened = walk.open(slash < 0 ? "" : entry.path.slice(0, slash));
  if (opened.kind === "failed") return checkClosed(etcDir, entry, opened.errno);
  const found = await readFound(opened.value, entry, stamped.canBe ? stamps : null);
  if (found.kind === "done") return compare(etcDir, entry, found.value);
  if (isOwnTrouble(found.errno)) return { kind: "unreadable", errno: found.errno };
  return compare(etcDir, entry, unreadFacts(opened.value, nameOf(entry), found.errno));
}

/** Its directory cannot be opened. */
async function checkClosed(etcDir: string, entry: ExpectedEntry, errno: string): Promise<Checked> {
  const isBelow = entry.path.includes("/");
  if (isAbsent(errno) && isBelow) return { kind: "covered" };
  if (isOwnTrouble(errno) || !isBelow) return { kind: "unreadable", errno };
  return compare(etcDir, entry, { type: "other", detail: `its directory cannot be opened: ${errno}` });
}

function readFound(
  directory: OpenDirectory,
  entry: ExpectedEntry,
  stamps: DigestStamps | null,
): Promise<Outcome<EntryFacts>> {
  const name = nameOf(entry);
  if (entry.kind !== "file") return readFacts(directory, name, null);
  return stamps === null
    ? readFacts(directory, name, entry.size)
    : readStamped(directory, name, { entry, stamps });
}

function nameOf({ path }: ExpectedEntry): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

async function readStamped(
  directory: OpenDirectory,
  name: string,
  { entry, stamps }: { entry: ExpectedFile; stamps: DigestStamps },
): Promise<Outcome<EntryFacts>> {
  const place = directory.child(name);
  const before = stamps.stampOf(place);
  const facts = await readFacts(directory, name, entry.size);
  if (facts.kind === "failed" || before === null || compareEntry(entry, facts.value, numbersOf(entry)))
    return facts;
  if (stamps.stampOf(place) === before) stamps.note(entry.path, stampFor(before, entry));
  return facts;
}

interface Stamped {
  /** Of a file that is as it was when it was right. */
  ids: OwnerIds | null;
  /** False where nothing can be remembered of it. */
  canBe: boolean;
}

/** By a path that may lead through a link, as with all that is plainly right. */
function stampedOwner(etcDir: string, entry: ExpectedEntry, stamps: DigestStamps | null): Stamped {
  if (entry.kind !== "file" || stamps === null) return { ids: null, canBe: false };
  const ids = numbersOf(entry);
  // A name may be another number by now.
  if (ids.uid === undefined || ids.gid === undefined) return { ids: null, canBe: false };
  const stamp = stamps.stampOf(`${etcDir}/${entry.path}`);
  if (stamp === null) return { ids: null, canBe: false };
  return { ids: stamps.isKnown(entry.path, stampFor(stamp, entry)) ? ids : null, canBe: true };
}

function numbersOf({ owner, group }: ExpectedFile): OwnerIds {
  return {
    uid: typeof owner === "number" ? owner : undefined,
    gid: typeof group === "number" ? group : undefined,
  };
}

/** Another closure may declare other bytes. */
function stampFor(stamp: string, { sha256 }: ExpectedFile): string {
  return `${stamp} ${sha256}`;
}

/**
 * One call for the many links and directories that are as they should be. Its path may lead through a link that somebody put on
 * the way: that directory has an entry of its own, which comes before this one, and nothing is written because of this answer.
 */
function isPlainlyRight(etcDir: string, entry: ExpectedEntry): boolean {
  const path = `${etcDir}/${entry.path}`;
  if (entry.kind === "file") return false;
  const right = attempt(() =>
    entry.kind === "link" ? readlinkSync(path) === entry.target : isRootsFolder(lstatSync(path)),
  );
  return right.kind === "done" && right.value;
}

function isRootsFolder(stats: Stats): boolean {
  return stats.isDirectory() && folderDifference(stats) === null;
}

async function compare(etcDir: string, entry: ExpectedEntry, found: EntryFacts): Promise<Checked> {
  const ids = await resolveOwner(etcDir, entry);
  const item = compareEntry(entry, found, ids);
  return item === null ? { kind: "clean", ids } : { kind: "drifted", item, ids };
}
