/**
 * SHELL. The Nix store of this machine, or one in a folder, read without ever following a link out of it: what is read was
 * fetched for a look and may come from anywhere.
 */
import { closeSync, lstatSync, opendirSync, openSync, readSync, readlinkSync } from "node:fs";

export interface StoreView {
  /** Empty for this machine's own store. */
  root: string;
}

export type Found =
  | { kind: "file" | "directory"; path: string; size: number }
  | { kind: "missing" }
  | { kind: "loop" }
  /** A link that leads elsewhere than into the store. */
  | { kind: "outside"; target: string };

const maxHops = 40;
const store = ["nix", "store"];

interface Walk {
  done: string[];
  open: string[];
  hops: number;
  /** Of where `done` leads. */
  size: number;
  isDirectory: boolean;
}

/** Where a path of the store leads, links followed inside the store only. */
export function findInStore(view: StoreView, path: string): Found {
  const walk: Walk = { done: [], open: partsOf(path), hops: 0, size: 0, isDirectory: true };
  for (let part = walk.open.shift(); part !== undefined; part = walk.open.shift()) {
    if (part === "..") walk.done.pop();
    const stopped = part === "." || part === ".." ? undefined : enter(view, walk, part);
    if (stopped !== undefined) return stopped;
  }
  return { kind: walk.isDirectory ? "directory" : "file", path: textOf(walk.done), size: walk.size };
}

/** One step down; what ends the walk. */
function enter({ root }: StoreView, walk: Walk, part: string): Found | undefined {
  const here = [...walk.done, part];
  if (here.slice(0, 2).some((name, i) => name !== store[i])) {
    return { kind: "outside", target: textOf([...here, ...walk.open]) };
  }
  walk.done = here;
  // /nix/store itself may be a link of the machine's.
  return here.length > store.length ? look(walk, `${root}${textOf(here)}`) : undefined;
}

function look(walk: Walk, path: string): Found | undefined {
  const stat = walk.isDirectory ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
  if (stat === undefined) return { kind: "missing" };
  if (stat.isSymbolicLink()) return follow(walk, readlinkSync(path));
  Object.assign(walk, { size: stat.size, isDirectory: stat.isDirectory() });
  return undefined;
}

function follow(walk: Walk, target: string): Found | undefined {
  walk.hops += 1;
  walk.done = target.startsWith("/") ? [] : walk.done.slice(0, -1);
  walk.open = [...partsOf(target), ...walk.open];
  return walk.hops > maxHops ? { kind: "loop" } : undefined;
}

/** Names in a folder of the store, sorted, and no more than `max` of them are ever read; none where it is no folder. */
export function listInStore(
  view: StoreView,
  path: string,
  max: number,
): { names: string[]; isWhole: boolean } {
  const found = findInStore(view, path);
  if (found.kind !== "directory") return { names: [], isWhole: true };
  const folder = opendirSync(`${view.root}${found.path}`);
  try {
    const names: string[] = [];
    let entry = folder.readSync();
    for (; entry !== null && names.length < max; entry = folder.readSync()) names.push(entry.name);
    return { names: names.toSorted(), isWhole: entry === null };
  } finally {
    folder.closeSync();
  }
}

/** The text of a link itself; undefined for what is no link. */
export function linkInStore(view: StoreView, folder: string, name: string): string | undefined {
  const found = findInStore(view, folder);
  if (found.kind !== "directory") return undefined;
  const path = `${view.root}${found.path}/${name}`;
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
    ? readlinkSync(path)
    : undefined;
}

/** At most `maxBytes` of a file; null where there is none. */
export function readInStore(view: StoreView, path: string, maxBytes: number): Buffer | null {
  const found = findInStore(view, path);
  if (found.kind !== "file") return null;
  const file = openSync(`${view.root}${found.path}`, "r");
  try {
    const bytes = Buffer.alloc(Math.min(found.size, maxBytes));
    let read = 0;
    while (read < bytes.length) {
      const count = readSync(file, bytes, read, bytes.length - read, read);
      if (count === 0) break;
      read += count;
    }
    return bytes.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function textOf(parts: readonly string[]): string {
  return `/${parts.join("/")}`;
}
