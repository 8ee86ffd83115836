/** SHELL. Keeps the bytes and the metadata of a file that is about to be replaced, readable by root only. */
import type { EntryFacts } from "@chimera/proto/drift";
import { Digest } from "@chimera/proto/names";
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, linkSync, lstatSync, writeFileSync, type Stats } from "node:fs";
import { octal } from "../../../reconcile/drift/etc-entry.ts";
import { attempt, isAbsent, type Outcome } from "../../errno-outcome.ts";
import { openPatiently } from "../../open-patiently.ts";
import type { OpenDirectory } from "../etc-directory.ts";
import { readPieces } from "../hash-file.ts";
import { labelOf } from "../../../reconcile/drift/evidence/evidence-name.ts";
import { sharedOf, type EvidenceStore } from "./evidence-store.ts";
import { inodeOf, type Inode } from "./inode.ts";
import { isReachable } from "./is-reachable.ts";
import type { KeptFacts } from "./read-evidence.ts";

/** More of one file is not kept: whoever puts a huge one there must not push out all other evidence. */
const keptBytes = 1024 * 1024;
/** A folder, the content, and what is written about it. */
const filesOfOne = 3;

export type FileKeeping =
  | { kind: "kept"; id: string; inode: Inode }
  /** There is no content that differs from what is declared. */
  | { kind: "nothing" }
  | { kind: "refused"; errno: string };

export interface FileInPlace {
  directory: OpenDirectory;
  name: string;
  /** Absolute, as events name it: by it somebody asks for what is kept. */
  path: string;
  /** Whether everybody may go to it is looked at from here (absolute, without links) on, to `below`. */
  root: string;
  below: string;
  /** Of what is declared, where that is a file: the same bytes are not kept again. */
  declared: Digest | null;
}

/** What is at the name now; it stays there. */
export async function keepFile(store: EvidenceStore, place: FileInPlace): Promise<FileKeeping> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const path = place.directory.child(place.name);
  const opened = await openPatiently(path, flags);
  if (opened.kind === "failed")
    return hasContent(path) ? { kind: "refused", errno: opened.errno } : { kind: "nothing" };
  try {
    const stats = fstatSync(opened.value);
    return stats.isFile() ? await keepOpen(store, place, { fd: opened.value, stats }) : { kind: "nothing" };
  } finally {
    closeSync(opened.value);
  }
}

/** A link, a socket, a device, or nothing has none. A file that cannot be opened has, and that it was not kept is told. */
function hasContent(path: string): boolean {
  const stats = attempt(() => lstatSync(path));
  return stats.kind === "done" ? stats.value.isFile() : !isAbsent(stats.errno);
}

async function keepOpen(
  store: EvidenceStore,
  place: FileInPlace,
  { fd, stats }: { fd: number; stats: Stats },
): Promise<FileKeeping> {
  const pieces: Buffer[] = [];
  const read = await readPieces(fd, {
    // A buffer for each file of a storm: as small as the file, and a page for what is written meanwhile.
    maxBytes: Math.min(keptBytes + 1, stats.size + 4096),
    onPiece: (piece) => pieces.push(Buffer.from(piece)),
  });
  if (read.kind === "failed") return { kind: "refused", errno: read.errno };
  const content = Buffer.concat(pieces);
  const sha256 =
    content.length > keptBytes ? undefined : Digest.parse(createHash("sha256").update(content).digest("hex"));
  if (sha256 !== undefined && sha256 === place.declared) return { kind: "nothing" };
  const bytes = content.subarray(0, keptBytes);
  const facts = factsOf(stats, content.length > keptBytes ? stats.size : content.length, sha256);
  return write(store, place, { bytes, facts, stats });
}

/** The size of what was read: a file that is being written changes between two looks. */
function factsOf(stats: Stats, size: number, sha256: Digest | undefined): EntryFacts {
  const { mode, uid, gid } = stats;
  return { type: "file", size, mode: octal(mode), uid, gid, ...(sha256 === undefined ? {} : { sha256 }) };
}

interface Found {
  bytes: Uint8Array;
  facts: EntryFacts;
  stats: Stats;
}

async function write(store: EvidenceStore, place: FileInPlace, found: Found): Promise<FileKeeping> {
  const opened = store.open();
  if (opened.kind === "failed") return { kind: "refused", errno: opened.errno };
  using folder = opened.value;
  const { bytes, facts, stats } = found;
  const same = facts.sha256 === undefined ? undefined : store.sameAs(facts.sha256);
  // What it takes on the disk, by blocks: the folder and what is written about it, and the content if it is not there yet.
  const [own, content] = [8192, Math.ceil(bytes.length / 4096) * 4096];
  const size = { files: filesOfOne, bytes: same === undefined ? own + content : own };
  const begun = await store.begin(folder, { path: labelOf(place.path), size, kind: "file" });
  if (begun.kind === "failed") return { kind: "refused", errno: begun.errno };
  const id = begun.value;
  const written = writeBoth(folder, { id, bytes, same }, factsFile({ id, place, facts, stats, bytes }));
  if (written.kind === "failed") {
    await store.drop(folder, id);
    return { kind: "refused", errno: written.errno };
  }
  store.settle(id, { files: filesOfOne, bytes: own }, sharedOf(folder, id) ?? undefined);
  if (facts.sha256 !== undefined && !written.value) store.remember(facts.sha256, id);
  return { kind: "kept", id, inode: inodeOf(stats) };
}

/** True where the content is another one's, too: the same bytes are kept once. */
function writeBoth(
  folder: OpenDirectory,
  { id, bytes, same }: { id: string; bytes: Uint8Array; same: string | undefined },
  about: KeptFacts,
): Outcome<boolean> {
  const fresh = { mode: 0o600, flag: "wx" } as const;
  const [from, to] = [`${same ?? ""}/content`, folder.child(`${id}/content`)];
  // It may be gone, or have as many names as a file may.
  const isLinked = same !== undefined && attempt(() => linkSync(folder.child(from), to)).kind === "done";
  return attempt(() => {
    if (!isLinked) writeFileSync(to, bytes, fresh);
    writeFileSync(folder.child(`${id}/about.json`), JSON.stringify(about), fresh);
    return isLinked;
  });
}

function factsFile({
  id,
  place,
  facts,
  stats,
  bytes,
}: Found & { id: string; place: FileInPlace }): KeptFacts {
  const isOpen = (stats.mode & 0o004) !== 0;
  return {
    id,
    path: place.path,
    at: new Date().toISOString(),
    facts,
    modifiedAt: new Date(stats.mtimeMs).toISOString(),
    keptBytes: bytes.length,
    links: stats.nlink,
    worldReadable: isOpen && isReachable(place.root, place.below),
    inode: inodeOf(stats),
  };
}
