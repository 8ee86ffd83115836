/** SHELL. Whole trees that somebody hostile may be changing: by descriptor, no link followed, bounded. Names are bytes. */
import { closeSync, constants, lstatSync, mkdirSync, opendirSync, openSync } from "node:fs";
import { readlinkSync, rmdirSync, symlinkSync, unlinkSync, writeSync, type Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { attempt, attemptAsync, type Outcome } from "../errno-outcome.ts";
import { openChild, type OpenDirectory } from "./etc-directory.ts";
import { readPieces } from "./hash-file.ts";

export interface TreeSize {
  files: number;
  /** What it takes on the disk, or for a copy what it would take: holes count only there. */
  bytes: number;
}

export interface TreeLimits extends TreeSize {
  countHoles: boolean;
}

/** Deeper trees are somebody's attempt to exhaust descriptors. */
const deepest = 64;
const filesPerTurn = 256;

/** The size of what is at `name`, as far as the limits: a result beyond them only says "more". */
export async function measureTree(
  parent: OpenDirectory,
  name: string,
  limits: TreeLimits,
): Promise<Outcome<TreeSize>> {
  const size: TreeSize = { files: 0, bytes: 0 };
  const walked = await walkTree({ parent, name, depth: 0 }, async ({ stats, depth }) => {
    size.files += 1;
    size.bytes += limits.countHoles ? stats.size : stats.blocks * 512;
    if (size.files % filesPerTurn === 0) await setImmediate();
    if (depth > deepest) size.files = Number.MAX_SAFE_INTEGER;
    return size.files > limits.files || size.bytes > limits.bytes ? "EFBIG" : null;
  });
  return walked.kind === "failed" && walked.errno !== "EFBIG" ? walked : { kind: "done", value: size };
}

/** Removes what is at `name`, a tree too. */
export async function removeTree(parent: OpenDirectory, name: string): Promise<Outcome<null>> {
  let removed = 0;
  return walkTree({ parent, name, depth: 0 }, async ({ parent: folder, name: child, stats }) => {
    const path = folder.childBytes(child);
    removed += 1;
    if (removed % filesPerTurn === 0) await setImmediate();
    const outcome = attempt(() => (stats.isDirectory() ? rmdirSync(path) : unlinkSync(path)));
    return outcome.kind === "failed" && outcome.errno !== "ENOENT" ? outcome.errno : null;
  });
}

/** Copies folders, regular files and links, readable by root only; pipes, sockets and devices have no content to keep. */
export async function copyTree(
  from: { parent: OpenDirectory; name: string },
  to: { parent: OpenDirectory; name: string },
  maxBytes: number,
): Promise<Outcome<number>> {
  const source = from.parent.childBytes(from.name);
  const target = to.parent.childBytes(to.name);
  const stats = attempt(() => lstatSync(source));
  if (stats.kind === "failed") return stats;
  if (stats.value.isSymbolicLink()) {
    const link = attempt(() => symlinkSync(readlinkSync(source, { encoding: "buffer" }), target));
    return link.kind === "failed" ? link : { kind: "done", value: 0 };
  }
  if (stats.value.isFile()) return copyFile(source, target, maxBytes);
  if (!stats.value.isDirectory()) return { kind: "done", value: 0 };
  return copyFolder(source, target, maxBytes);
}

async function copyFolder(source: Buffer, target: Buffer, maxBytes: number): Promise<Outcome<number>> {
  const made = attempt(() => mkdirSync(target, { mode: 0o700 }));
  if (made.kind === "failed") return made;
  const opened = openChild(source);
  if (opened.kind === "failed") return opened;
  using folder = opened.value;
  const copy = openChild(target);
  if (copy.kind === "failed") return copy;
  using kept = copy.value;
  const names = listNames(folder);
  if (names.kind === "failed") return names;
  let total = 0;
  for (const name of names.value) {
    const copied = await copyTree({ parent: folder, name }, { parent: kept, name }, maxBytes - total);
    if (copied.kind === "failed") return copied;
    total += copied.value;
  }
  return { kind: "done", value: total };
}

async function copyFile(source: Buffer, target: Buffer, maxBytes: number): Promise<Outcome<number>> {
  const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
  const opened = attempt(() => openSync(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (opened.kind === "failed") return opened;
  try {
    const created = attempt(() => openSync(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    if (created.kind === "failed") return created;
    try {
      // One byte more than allowed tells a file that just fits from one that does not.
      const read = await attemptAsync(() =>
        readPieces(opened.value, {
          maxBytes: maxBytes + 1,
          onPiece: (piece) => writeWhole(created.value, piece),
        }),
      );
      if (read.kind === "failed") return read;
      const { value } = read;
      return value.kind === "done" && value.value > maxBytes ? { kind: "failed", errno: "EFBIG" } : value;
    } finally {
      closeSync(created.value);
    }
  } finally {
    closeSync(opened.value);
  }
}

export function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
}

interface Place {
  parent: OpenDirectory;
  name: string;
  depth: number;
}

/** Calls `visit` for everything below and then for the place itself; an errno that it returns ends the walk. */
async function walkTree(
  place: Place,
  visit: (at: Place & { stats: Stats }) => Promise<string | null>,
): Promise<Outcome<null>> {
  const stats = attempt(() => lstatSync(place.parent.childBytes(place.name)));
  if (stats.kind === "failed") return stats.errno === "ENOENT" ? { kind: "done", value: null } : stats;
  if (stats.value.isDirectory() && place.depth <= deepest) {
    const inside = await walkFolder(place, visit);
    if (inside.kind === "failed") return inside;
  }
  const errno = await visit({ ...place, stats: stats.value });
  return errno === null ? { kind: "done", value: null } : { kind: "failed", errno };
}

async function walkFolder(
  { parent, name, depth }: Place,
  visit: (at: Place & { stats: Stats }) => Promise<string | null>,
): Promise<Outcome<null>> {
  const opened = openChild(parent.childBytes(name));
  if (opened.kind === "failed") return opened;
  using folder = opened.value;
  const names = listNames(folder);
  if (names.kind === "failed") return names;
  for (const child of names.value) {
    const walked = await walkTree({ parent: folder, name: child, depth: depth + 1 }, visit);
    if (walked.kind === "failed") return walked;
  }
  return { kind: "done", value: null };
}

/** At most so many names of one folder: a longer list means that a bound is passed anyway. */
const longestList = 100_000;

function listNames(folder: OpenDirectory): Outcome<string[]> {
  return attempt(() => {
    using entries = opendirSync(folder.child("."), { encoding: "latin1", bufferSize: 256 });
    const names: string[] = [];
    for (
      let entry = entries.readSync();
      entry !== null && names.length < longestList;
      entry = entries.readSync()
    )
      names.push(entry.name);
    return names;
  });
}
