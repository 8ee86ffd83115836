/** SHELL. The first bytes of a regular file, with what its descriptor says of it: never a link, never a wait for a pipe. */
import { closeSync, constants, fstatSync, openSync, type Stats } from "node:fs";
import { attempt } from "../../errno-outcome.ts";
import { readPieces } from "../hash-file.ts";

export interface ReadFile {
  stats: Stats;
  bytes: Buffer;
}

/** Follows no link in the last component. Null where no regular file can be read. */
export async function readBytes(path: string, maxBytes: number): Promise<ReadFile | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const opened = attempt(() => openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (opened.kind === "failed") return null;
  try {
    const stats = fstatSync(opened.value);
    if (!stats.isFile()) return null;
    const pieces: Buffer[] = [];
    const onPiece = (piece: Uint8Array) => pieces.push(Buffer.from(piece));
    const read = await readPieces(opened.value, { maxBytes, onPiece });
    return read.kind === "failed" ? null : { stats, bytes: Buffer.concat(pieces) };
  } finally {
    closeSync(opened.value);
  }
}
