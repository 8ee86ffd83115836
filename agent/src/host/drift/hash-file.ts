/** SHELL. The digest of a regular file, read in pieces; never opens a pipe or a device for long, never reads past a limit. */
import { Digest } from "@chimera/proto/names";
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, readSync, type Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { attempt, type Outcome } from "../errno-outcome.ts";
import { openPatiently } from "../open-patiently.ts";

const pieceBytes = 64 * 1024;
/** After so many bytes other work of the process gets its turn. */
const turnBytes = 4 * 1024 * 1024;
// O_NONBLOCK: a FIFO that took the file's place since lstat must not stop the process.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface HashedFile {
  stats: Stats;
  /** `undefined` when it is no regular file or longer than the limit. */
  sha256: Digest | undefined;
}

/** Follows no link in the last component. */
export async function hashFile(path: string, maxBytes: number): Promise<Outcome<HashedFile>> {
  const opened = await openPatiently(path, readFlags);
  if (opened.kind === "failed") return opened;
  const fd = opened.value;
  try {
    return await hashDescriptor(fd, maxBytes);
  } finally {
    closeSync(fd);
  }
}

async function hashDescriptor(fd: number, maxBytes: number): Promise<Outcome<HashedFile>> {
  const before = fstatSync(fd);
  if (!before.isFile() || before.size > maxBytes)
    return { kind: "done", value: { stats: before, sha256: undefined } };
  const hash = createHash("sha256");
  const read = await readPieces(fd, { maxBytes: before.size, onPiece: (piece) => hash.update(piece) });
  if (read.kind === "failed") return read;
  // The size of afterwards: a file that grew meanwhile must not pass for its first bytes.
  return { kind: "done", value: { stats: fstatSync(fd), sha256: Digest.parse(hash.digest("hex")) } };
}

/** Reads from where the descriptor stands, at most `maxBytes`; the number of bytes read. */
export async function readPieces(
  fd: number,
  { maxBytes, onPiece }: { maxBytes: number; onPiece: (piece: Uint8Array) => void },
): Promise<Outcome<number>> {
  const buffer = new Uint8Array(Math.max(1, Math.min(pieceBytes, maxBytes)));
  let total = 0;
  while (total < maxBytes) {
    const wanted = Math.min(buffer.length, maxBytes - total);
    const read = attempt(() => readSync(fd, buffer, 0, wanted, null));
    if (read.kind === "failed") return read;
    if (read.value === 0) break;
    onPiece(buffer.subarray(0, read.value));
    if (Math.floor(total / turnBytes) !== Math.floor((total + read.value) / turnBytes)) await setImmediate();
    total += read.value;
  }
  return { kind: "done", value: total };
}
