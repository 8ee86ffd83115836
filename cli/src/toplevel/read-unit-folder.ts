/** SHELL. Reads etc/systemd/system of a system: every unit, its drop-ins, and the links that draw it along. */
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
const maxUnitBytes = 4 << 20;
const maxEntries = 50_000;

/** What many systems share is looked at once. */
export interface UnitCache {
  files: Map<string, ParsedFile | string>;
  /** By where a link into the store says it leads. */
  links: Map<string, UnitSource | undefined>;
}

export function createUnitCache(): UnitCache {
  return { files: new Map(), links: new Map() };
}

export function readUnitFolder(view: StoreView, toplevel: string, cache: UnitCache): UnitFolder {
  const found = findInStore(view, `${toplevel}/etc/systemd/system`);
  // Where its links lead, once for all of its entries.
  const folder = found.kind === "directory" ? found.path : `${toplevel}/etc/systemd/system`;
  const sources = new Map<string, UnitSource>();
  const dropIns = new Map<string, DropIn[]>();
  const links: Record<LinkKind, Map<string, string[]>> = {
    wants: new Map(),
    requires: new Map(),
    upholds: new Map(),
  };
  for (const name of listInStore(view, folder).slice(0, maxEntries)) {
    const { unit = "", kind } = folderName.exec(name)?.groups ?? {};
    if (kind === "d") dropIns.set(unit, readDropIns(view, `${folder}/${name}`, cache));
    else if (isLinkKind(kind)) links[kind].set(unit, listInStore(view, `${folder}/${name}`));
    else if (unitName.test(name)) {
      const source = readEntry(view, { folder, name }, cache);
      if (source !== undefined) sources.set(name, source);
    }
  }
  return { sources, dropIns, links };
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

function readDropIns(view: StoreView, folder: string, cache: UnitCache): DropIn[] {
  const names = listInStore(view, folder).filter((name) => name.endsWith(".conf"));
  return names.toSorted().flatMap((name) => {
    const source = readSource(view, `${folder}/${name}`, cache);
    return source === undefined ? [] : [{ name, source }];
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
    size > maxUnitBytes ? `it has ${size} bytes, more than a unit can have` : parseFile(view, path);
  cache.files.set(path, file);
  return file;
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
