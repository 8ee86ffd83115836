/** SHELL. Looks at every name in a store path and reads no content. Follows no link, opens no file, and ends at a size. */
import { lstatSync, type Stats } from "node:fs";
import type { WalkFacts } from "../../reconcile/store-drift/store-path.ts";
import { attempt, isAbsent } from "../errno-outcome.ts";
import { listNames } from "./list-names.ts";
import * as nar from "./nar-size.ts";
import { fromText, toSystem, toText, type RawPath } from "./raw-path.ts";
import type { Steps } from "./steps.ts";

export interface WalkLimits {
  /** The size that is signed: past it the path is wrong, however much more there is. */
  narSize: number;
  /** Who owns what Nix makes. */
  uid: number;
}

interface Walk extends WalkLimits {
  root: RawPath;
  size: number;
  entries: number;
  stamp: [number, number];
  foreign: string | null;
  metadata: string | null;
  grave: { mode: string; uid: number } | null;
  newest: { at: RawPath; changedMs: number };
}

const namesPerStep = 64;
/** Nix optimises a store by links right after it put a path in its place. */
const settleMs = 60_000;

/** Between its steps nothing is open. */
export function* walkSteps(path: string, limits: WalkLimits): Steps<WalkFacts> {
  const root = fromText(path);
  const stats = attempt(() => lstatSync(toSystem(root)));
  if (stats.kind === "failed" && isAbsent(stats.errno)) return { kind: "missing" };
  if (stats.kind === "failed") return { kind: "unreadable", errno: stats.errno, at: "." };
  const walk: Walk = {
    ...limits,
    root,
    size: nar.header,
    entries: 0,
    stamp: [0, 0],
    foreign: null,
    metadata: null,
    grave: null,
    newest: { at: root, changedMs: stats.value.ctimeMs },
  };
  take(walk, root, stats.value);
  const problem = yield* walkBelow(walk, stats.value.isDirectory() ? [root] : []);
  return problem ?? factsOf(walk, stats.value);
}

function factsOf(walk: Walk, root: Stats): WalkFacts {
  const { at, changedMs } = walk.newest;
  return {
    kind: "seen",
    narSize: walk.size,
    isWhole: walk.size <= walk.narSize,
    stamp: walk.stamp.map((half) => (half >>> 0).toString(16).padStart(8, "0")).join(""),
    foreign: walk.foreign,
    metadata: walk.metadata,
    grave: walk.grave,
    newest: { at: shown(walk, at), isLater: changedMs > root.ctimeMs + settleMs },
  };
}

type Problem = Extract<WalkFacts, { kind: "unreadable" }>;

function* walkBelow(walk: Walk, folders: RawPath[]): Steps<Problem | null> {
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const names = listNames(folder, walk.narSize);
    if (names.kind === "failed") {
      if (names.errno !== "EFBIG") return unreadable(walk, folder, names.errno);
      walk.size = walk.narSize + 1;
      return null;
    }
    for (const name of names.value) {
      const path = `${folder}/${name}`;
      walk.size += nar.entrySize(name.length);
      const stats = attempt(() => lstatSync(toSystem(path)));
      if (stats.kind === "failed") return unreadable(walk, path, stats.errno);
      take(walk, path, stats.value);
      if (walk.size > walk.narSize) return null;
      if (stats.value.isDirectory()) folders.push(path);
      if (walk.entries % namesPerStep === 0) yield;
    }
  }
  return null;
}

function take(walk: Walk, path: RawPath, stats: Stats): void {
  walk.entries += 1;
  addStamp(walk.stamp, stats.ctimeMs);
  if (stats.ctimeMs > walk.newest.changedMs) walk.newest = { at: path, changedMs: stats.ctimeMs };
  noteMetadata(walk, path, stats);
  if (stats.isFile()) walk.size += nar.fileSize(stats.size, (stats.mode & 0o100) !== 0);
  else if (stats.isDirectory()) walk.size += nar.directorySize;
  else if (stats.isSymbolicLink()) walk.size += nar.linkSize(stats.size);
  else walk.foreign ??= shown(walk, path);
}

/** What hands out rights is named before what only differs. */
function noteMetadata(walk: Walk, path: RawPath, stats: Stats): void {
  if (walk.grave === null && isGrave(walk, stats)) {
    walk.grave = { mode: octal(stats.mode), uid: stats.uid };
    walk.metadata = metadataProblem(walk, path, stats);
  }
  walk.metadata ??= metadataProblem(walk, path, stats);
}

/** Runs as somebody else, or lets everybody write, or belongs to another than who made the store. */
function isGrave({ uid }: Walk, stats: Stats): boolean {
  return stats.uid !== uid || (!stats.isSymbolicLink() && (stats.mode & 0o6002) !== 0);
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** As Nix leaves it: read-only, executable for all or none, 1 January 1970 00:00:01, its own. */
function metadataProblem(walk: Walk, path: RawPath, stats: Stats): string | null {
  const mode = stats.mode & 0o7777;
  const isLink = stats.isSymbolicLink();
  const isModeRight = isLink || mode === 0o555 || (mode === 0o444 && stats.isFile());
  if (!isModeRight) return `${shown(walk, path)}: mode ${octal(mode)}`;
  if (stats.uid !== walk.uid) return `${shown(walk, path)}: owner ${stats.uid}`;
  return stats.mtimeMs === 1000
    ? null
    : `${shown(walk, path)}: time ${new Date(stats.mtimeMs).toISOString()}`;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** Sums, so that the order in which a folder lists its names does not matter. */
function addStamp(stamp: [number, number], changedMs: number): void {
  double[0] = changedMs;
  const mixed = Math.imul((words[0] ?? 0) ^ Math.imul(words[1] ?? 0, 0x9e3779b1), 0x85ebca6b);
  stamp[0] = (stamp[0] + mixed) | 0;
  stamp[1] = (stamp[1] + Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35)) | 0;
}

function unreadable(walk: Walk, path: RawPath, errno: string): Problem {
  return { kind: "unreadable", errno, at: shown(walk, path) };
}

function shown({ root }: Walk, path: RawPath): string {
  return path === root ? "." : toText(path.slice(root.length + 1)).slice(0, 512);
}
