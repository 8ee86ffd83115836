/** SHELL. One side of a difference: its bytes, and whether everybody on the node may read them. */
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { EntryFacts } from "@chimera/proto/drift";
import { octal, type ExpectedEntry } from "../../../reconcile/drift/etc-entry.ts";
import { attempt } from "../../errno-outcome.ts";
import { openDirectory } from "../etc-directory.ts";
import type { ExpectedEtc } from "../etc-expected.ts";
import { readFactsAt } from "../etc-facts.ts";
import { inodeOf } from "../evidence/inode.ts";
import { isReachable } from "../evidence/is-reachable.ts";
import { readBytes } from "../evidence/read-bytes.ts";
import type { Side } from "./view.ts";

/** What the closure declares. A link's content is the file that it leads to, if that is in the store. */
export async function readDeclared(
  { expected, entry }: { expected: ExpectedEtc; entry: ExpectedEntry },
  maxBytes: number,
): Promise<Side | null> {
  if (entry.kind === "directory") return null;
  const real = attempt(() => realpathSync(`${expected.tree}/${entry.path}`));
  if (real.kind === "failed") return null;
  const read = await readBytes(real.value, maxBytes);
  if (read === null) return null;
  const { stats, bytes } = read;
  // What a link declares may lie anywhere; there the mode of the file itself counts, and the folders on the way to it.
  const isStored = real.value.startsWith(`${dirname(dirname(expected.tree))}/`);
  const mode = (entry.kind === "file" ? entry.mode : null) ?? stats.mode;
  const isOpen = (mode & stats.mode & 0o004) !== 0 && (isStored || isReachable("/", real.value.slice(1)));
  const isAlone = isStored || stats.nlink === 1;
  return { bytes, size: stats.size, mode: octal(mode), isOpen, isAlone };
}

/** What is there now, below a folder without links on the way: a link's target is a fact, and nobody follows it. */
export async function readLive(root: string, path: string, maxBytes: number): Promise<Side | null> {
  const slash = path.lastIndexOf("/");
  const opened = openDirectory(root, slash < 0 ? "" : path.slice(0, slash));
  if (opened.kind === "failed") return null;
  using directory = opened.value;
  const read = await readBytes(directory.child(path.slice(slash + 1)), maxBytes);
  if (read === null) return null;
  const { stats, bytes } = read;
  const isOpen = (stats.mode & 0o004) !== 0 && isReachable(root, path);
  const isAlone = stats.nlink === 1;
  return { bytes, size: stats.size, mode: octal(stats.mode), isOpen, isAlone, inode: inodeOf(stats) };
}

/** Of an absolute path, with a digest where it is small. */
export function factsNow(path: string): Promise<EntryFacts> {
  return readFactsAt("/", path.slice(1), 0);
}
