/** SHELL. Reads etc/systemd/system of a system: every unit, its drop-ins, and the links that draw it along. */
import { basename } from "node:path";
import { parseUnitText, type ParsedFile } from "../plan/units/unit-file.ts";
import {
  templateOf,
  type DropIn,
  type LinkKind,
  type UnitFolder,
  type UnitSource,
} from "../plan/units/unit-folder.ts";
import { findInStore, linkInStore, listInStore, readInStore, type StoreView } from "./store-view.ts";

const unitName =
  /^[A-Za-z0-9:_.\\@-]{1,255}\.(?:service|socket|target|mount|automount|swap|timer|path|slice)$/u;
const folderName = /^(?<unit>.+)\.(?<kind>wants|requires|upholds|d)$/u;
/** Units of NixOS have some kilobytes; one that is larger than this is no unit. */
const maxUnitBytes = 1 << 20;
/** Of one system, those in its drop-in and `.wants` folders included. */
const maxNames = 50_000;
/** Of all systems that are compared at once: their units are kept until the end, the worst as 32 times their bytes. */
const maxTotalBytes = 64 << 20;
const tooMuch =
  "the unit files of these systems are more than can be compared at once: name fewer nodes with -t";

/** What many systems share is looked at once. */
export interface UnitCache {
  files: Map<string, ParsedFile | string>;
  /** By where a link into the store says it leads. */
  links: Map<string, UnitSource | undefined>;
  /** What may still be read. */
  bytesLeft: number;
}

export function createUnitCache(maxBytes = maxTotalBytes): UnitCache {
  return { files: new Map(), links: new Map(), bytesLeft: maxBytes };
}

interface ReadUnits {
  /** Whether there is a folder of units at all. */
  hasUnits: boolean;
  units: UnitFolder;
  /** What was left out, and why. */
  notes: string[];
}

export function readUnitFolder(view: StoreView, toplevel: string, cache: UnitCache): ReadUnits {
  const found = findInStore(view, `${toplevel}/etc/systemd/system`);
  // Where its links lead, once for all of its entries.
  const folder = found.kind === "directory" ? found.path : `${toplevel}/etc/systemd/system`;
  const list = createLister(view, folder);
  const sources = new Map<string, UnitSource>();
  const dropIns = new Map<string, DropIn[]>();
  const links: Record<LinkKind, Map<string, string[]>> = {
    wants: new Map(),
    requires: new Map(),
    upholds: new Map(),
  };
  for (const name of list.names(folder)) {
    const { unit = "", kind } = folderName.exec(name)?.groups ?? {};
    if (kind === "d") {
      const files = list.names(`${folder}/${name}`).map((file) => `${folder}/${name}/${file}`);
      dropIns.set(unit, readDropIns(view, files, cache));
    } else if (isLinkKind(kind)) links[kind].set(unit, list.names(`${folder}/${name}`));
    else if (unitName.test(name)) {
      const source = readEntry(view, { folder, name }, cache);
      if (source !== undefined) sources.set(name, source);
    }
  }
  const notes = [...list.notes(), ...bytesNote(toplevel, cache)];
  return { hasUnits: found.kind === "directory", units: { sources, dropIns, links }, notes };
}

function bytesNote(toplevel: string, { bytesLeft }: UnitCache): string[] {
  return bytesLeft < 0 ? [`${toplevel}: not all of its units were compared: ${tooMuch}`] : [];
}

interface Lister {
  names: (folder: string) => string[];
  notes: () => string[];
}

/** Lists folders, and all of them together only up to the limit. */
function createLister(view: StoreView, top: string): Lister {
  let left = maxNames;
  let isCut = false;
  return {
    notes: () => (isCut ? [`${top} has more than ${maxNames} names: the rest was not compared`] : []),
    names(folder) {
      const { names, isWhole } = listInStore(view, folder, left);
      left -= names.length;
      isCut ||= !isWhole;
      return names;
    },
  };
}

function isLinkKind(kind: string | undefined): kind is LinkKind {
  return kind === "wants" || kind === "requires" || kind === "upholds";
}

function readEntry(
  view: StoreView,
  { folder, name }: { folder: string; name: string },
  cache: UnitCache,
): UnitSource | undefined {
  const target = linkInStore(view, folder, name)?.replace(/^\.\//u, "");
  if (target === undefined) return readSource(view, `${folder}/${name}`, cache);
  // A link to another name beside it; one from an instance to its template makes the instance, no alias.
  if (unitName.test(target) && target !== name && templateOf(name) !== target) {
    return { kind: "alias", of: target };
  }
  const isShared = target.startsWith("/");
  const known = `${view.root} ${target}`;
  if (isShared && cache.links.has(known)) return cache.links.get(known);
  const source = readSource(view, `${folder}/${name}`, cache);
  if (isShared) cache.links.set(known, source);
  return source;
}

function readDropIns(view: StoreView, files: readonly string[], cache: UnitCache): DropIn[] {
  const wanted = files.filter((path) => path.endsWith(".conf"));
  return wanted.flatMap((path) => {
    const source = readSource(view, path, cache);
    return source === undefined ? [] : [{ name: basename(path), source }];
  });
}

/** Undefined for a link that leads nowhere: the switch sees no unit there. */
function readSource(view: StoreView, path: string, cache: UnitCache): UnitSource | undefined {
  const found = findInStore(view, path);
  switch (found.kind) {
    case "missing":
      return undefined;
    case "outside":
      return found.target === "/dev/null" ? { kind: "masked" } : { kind: "outside", target: found.target };
    case "loop":
      return { kind: "unreadable", from: path, why: "its links lead in a circle" };
    case "directory":
      return { kind: "unreadable", from: found.path, why: "it is a directory" };
    case "file":
      return sourceOfFile(found.path, parsed(view, found, cache));
  }
}

function sourceOfFile(from: string, file: ParsedFile | string): UnitSource {
  return typeof file === "string"
    ? { kind: "unreadable", from, why: file }
    : { kind: "file", from, parsed: file };
}

function parsed(
  view: StoreView,
  { path, size }: { path: string; size: number },
  cache: UnitCache,
): ParsedFile | string {
  const known = cache.files.get(path);
  if (known !== undefined) return known;
  const file =
    size > maxUnitBytes
      ? `it has ${size} bytes, more than a unit can have`
      : parseWithin(view, { path, size }, cache);
  cache.files.set(path, file);
  return file;
}

/** Once the limit is reached nothing more is read, however small. */
function parseWithin(
  view: StoreView,
  { path, size }: { path: string; size: number },
  cache: UnitCache,
): ParsedFile | string {
  if (cache.bytesLeft >= 0) cache.bytesLeft -= size;
  return cache.bytesLeft < 0 ? tooMuch : parseFile(view, path);
}

function parseFile(view: StoreView, path: string): ParsedFile | string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(
      readInStore(view, path, maxUnitBytes) ?? Buffer.of(),
    );
    const file = parseUnitText(text);
    const [stray] = file.strayLines;
    return stray === undefined ? file : `line ${stray} is no assignment`;
  } catch (error) {
    if (error instanceof TypeError) return "it is no text";
    throw error;
  }
}
