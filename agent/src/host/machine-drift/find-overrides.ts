/** SHELL. Files in systemd's own folders that shadow or extend what the closure declares. No link is followed, nothing is opened that could block. */
import type { EntryFacts } from "@chimera/proto/drift";
import { closeSync, constants, fstatSync, openSync, readSync, type Dirent } from "node:fs";
import {
  createDropInJudge,
  isDeclaredUnit,
  isSetProperty,
} from "../../reconcile/machine-drift/unit-overrides.ts";
import { attempt, isAbsent, type Outcome } from "../errno-outcome.ts";
import { isTemporaryName } from "../temporary-name.ts";
import { openDirectory, type OpenDirectory } from "../drift/etc-directory.ts";
import { lenientFacts } from "./lenient-facts.ts";
import { listNames, nameLimits, textOf, type NameLimits } from "./list-names.ts";
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

interface SearchedRoot {
  root: string;
  declared: ReadonlySet<string>;
  /** Other names that links give to declared units; only such a link is an override, and what is said of its name. */
  aliases?: ReadonlySet<string>;
}

interface Search {
  overrides: Overrides;
  limits: NameLimits;
  root: string;
  declared: ReadonlySet<string>;
  aliases: ReadonlySet<string>;
  isDropInFolder: (name: string) => boolean;
}

export async function findOverrides(
  roots: readonly SearchedRoot[],
  limits: NameLimits = nameLimits,
): Promise<Overrides> {
  const overrides: Overrides = { list: [], unfinished: [], problems: [] };
  for (const { root, declared, aliases = new Set<string>() } of roots) {
    const isDropInFolder = createDropInJudge(new Set([...declared, ...aliases]));
    await searchRoot({ overrides, limits, root, declared, aliases, isDropInFolder });
  }
  return overrides;
}

async function searchRoot(search: Search): Promise<void> {
  const { overrides, root, declared, aliases, isDropInFolder } = search;
  const isUnit = (name: string, entry: Dirent): boolean =>
    (isDeclaredUnit(name, declared) && !entry.isDirectory()) || (aliases.has(name) && entry.isSymbolicLink());
  const entries = await list(search, "", (name, entry) => isUnit(name, entry) || isDropInFolder(name));
  for (const entry of entries) {
    const name = textOf(entry.name);
    if (isTemporaryName(name)) overrides.unfinished.push({ root, folder: "", name: entry.name });
    else if (isUnit(name, entry)) await add(overrides, { root, folder: "", name: entry.name });
    else await searchFolder(search, entry);
  }
}

/** A link in the place of the folder is followed by systemd, and so it is an override itself. */
async function searchFolder(search: Search, entry: Dirent): Promise<void> {
  const { overrides, root } = search;
  if (entry.isSymbolicLink()) return add(overrides, { root, folder: "", name: entry.name });
  // A folder whose name is no text cannot be one of a declared unit.
  if (!entry.isDirectory()) return;
  const folder = textOf(entry.name);
  const entries = await list(search, folder, (name, one) => name.endsWith(".conf") && !one.isDirectory());
  for (const child of entries) {
    const place = { root, folder, name: child.name };
    if (isTemporaryName(child.name)) overrides.unfinished.push(place);
    else await add(overrides, place);
  }
}

/** What matters in a folder, and what a removal left in it. */
async function list(
  { overrides, limits, root }: Search,
  folder: string,
  matters: (name: string, entry: Dirent) => boolean,
): Promise<Dirent[]> {
  const names = await listNames({
    root,
    folder,
    limits,
    matters: (name, entry) => matters(name, entry) || isTemporaryName(name),
  });
  const path = folder === "" ? root : `${root}/${folder}`;
  if (names.kind === "done") {
    if (names.value.isCut) overrides.problems.push(`${path} has more names than are looked at`);
    return names.value.entries;
  }
  // Also what is no folder, below a root: then nothing in it is read by systemd.
  const isNothing = folder === "" ? names.errno === "ENOENT" : isAbsent(names.errno);
  if (!isNothing) overrides.problems.push(`${path} cannot be read: ${names.errno}`);
  return [];
}

async function add(overrides: Overrides, place: OverridePlace): Promise<void> {
  const path = shownPath(place);
  const opened = openDirectory(place.root, place.folder);
  if (opened.kind === "failed") {
    if (!isAbsent(opened.errno)) overrides.problems.push(`${path} cannot be read: ${opened.errno}`);
    return;
  }
  using directory = opened.value;
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
  return isText ? lenientFacts(directory, text, 0) : { kind: "done", value: { type: "other" } };
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
