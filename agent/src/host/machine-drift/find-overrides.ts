/** SHELL. Files in systemd's own folders that shadow or extend what the closure declares. No link is followed, nothing is opened that could block. */
import type { EntryFacts } from "@chimera/proto/drift";
import { closeSync, constants, fstatSync, openSync, opendirSync, readSync, type Dirent } from "node:fs";
import {
  isDeclaredDropInFolder,
  isDeclaredUnit,
  isSetProperty,
} from "../../reconcile/machine-drift/unit-overrides.ts";
import { attempt, isAbsent, type Outcome } from "../errno-outcome.ts";
import { isTemporaryName } from "../temporary-name.ts";
import { openDirectory, type OpenDirectory } from "../drift/etc-directory.ts";
import { readFacts } from "../drift/etc-facts.ts";
import { shownPath, type OverridePlace } from "./remove-override.ts";

export interface Override {
  place: OverridePlace;
  path: string;
  found: EntryFacts;
  /** Made by `systemctl set-property`. */
  isProperty: boolean;
}

export interface Overrides {
  list: Override[];
  /** Names that a removal left which was cut off. */
  unfinished: OverridePlace[];
  problems: string[];
}

/** Names looked at in one folder; whoever piles up more is met in the next sweep, when these are gone. */
const mostNames = 4096;

interface SearchedRoot {
  root: string;
  declared: ReadonlySet<string>;
}

export async function findOverrides(roots: readonly SearchedRoot[]): Promise<Overrides> {
  const overrides: Overrides = { list: [], unfinished: [], problems: [] };
  for (const root of roots) await searchRoot(overrides, root);
  return overrides;
}

async function searchRoot(overrides: Overrides, { root, declared }: SearchedRoot): Promise<void> {
  const names = listNames(root, "");
  if (names.kind === "failed") {
    if (names.errno !== "ENOENT") overrides.problems.push(`${root} cannot be read: ${names.errno}`);
    return;
  }
  for (const entry of names.value) {
    const name = textOf(entry.name);
    if (isTemporaryName(name)) overrides.unfinished.push({ root, folder: "", name: entry.name });
    else if (isDeclaredUnit(name, declared) && !entry.isDirectory())
      await add(overrides, { root, folder: "", name: entry.name });
    else if (isDeclaredDropInFolder(name, declared)) await searchFolder(overrides, root, entry);
  }
}

/** A link in the place of the folder is followed by systemd, and so it is an override itself. */
async function searchFolder(overrides: Overrides, root: string, entry: Dirent): Promise<void> {
  if (entry.isSymbolicLink()) return add(overrides, { root, folder: "", name: entry.name });
  // A folder whose name is no text cannot be one of a declared unit.
  if (!entry.isDirectory()) return;
  const folder = textOf(entry.name);
  const names = listNames(root, folder);
  if (names.kind === "failed") {
    if (!isAbsent(names.errno)) overrides.problems.push(`${root}/${folder} cannot be read: ${names.errno}`);
    return;
  }
  for (const child of names.value) {
    const place = { root, folder, name: child.name };
    if (isTemporaryName(child.name)) overrides.unfinished.push(place);
    else if (child.name.endsWith(".conf") && !child.isDirectory()) await add(overrides, place);
  }
}

async function add(overrides: Overrides, place: OverridePlace): Promise<void> {
  const opened = openDirectory(place.root, place.folder);
  if (opened.kind === "failed") return;
  using directory = opened.value;
  const path = shownPath(place);
  const found = await factsOf(directory, place.name);
  if (found.kind === "failed") {
    overrides.problems.push(`${path} cannot be read: ${found.errno}`);
    return;
  }
  if (found.value.type === "missing") return;
  const isProperty =
    isControl(place.root) && found.value.type === "file" && isPropertyFile(directory, place.name);
  overrides.list.push({ place, path, found: found.value, isProperty });
}

/** Without a digest where the name is no text: what reads facts takes names as text. */
export async function factsOf(directory: OpenDirectory, name: string): Promise<Outcome<EntryFacts>> {
  const text = textOf(name);
  const isText = Buffer.from(text).equals(Buffer.from(name, "latin1"));
  return isText ? readFacts(directory, text, 0) : { kind: "done", value: { type: "other" } };
}

function isControl(root: string): boolean {
  return root.endsWith(".control");
}

const propertyBytes = 4096;

function isPropertyFile(directory: OpenDirectory, name: string): boolean {
  const text = attempt(() => readBeginning(directory.childBytes(name)));
  return text.kind === "done" && text.value !== null && isSetProperty(textOf(name), text.value);
}

/** Null for what is no file or longer. */
function readBeginning(path: Buffer): string | null {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) return null;
    const bytes = Buffer.alloc(propertyBytes + 1);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    return length > propertyBytes ? null : bytes.toString("utf8", 0, length);
  } finally {
    closeSync(fd);
  }
}

/** Names as bytes (latin1). */
function listNames(root: string, folder: string): Outcome<Dirent[]> {
  const opened = openDirectory(root, folder);
  if (opened.kind === "failed") return opened;
  using directory = opened.value;
  return attempt(() => {
    using entries = opendirSync(directory.child("."), { encoding: "latin1", bufferSize: 256 });
    const list: Dirent[] = [];
    for (let next = entries.readSync(); next !== null && list.length < mostNames; next = entries.readSync())
      list.push(next);
    return list;
  });
}

function textOf(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}
