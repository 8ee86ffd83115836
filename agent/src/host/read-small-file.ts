/** SHELL. The text of a regular file that must be small; never waits for a pipe, never reads without end. */
import { closeSync, constants, fstatSync } from "node:fs";
import { readPieces } from "./drift/hash-file.ts";
import { openPatiently } from "./open-patiently.ts";

/** Follows links. `null` when there is no such regular file or it is longer than `maxBytes`. */
export async function readSmallFile(path: string, maxBytes: number): Promise<string | null> {
  const opened = await openPatiently(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  if (opened.kind === "failed") return null;
  const fd = opened.value;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > maxBytes) return null;
    const pieces: Buffer[] = [];
    const read = await readPieces(fd, { maxBytes, onPiece: (piece) => pieces.push(Buffer.from(piece)) });
    return read.kind === "failed" ? null : Buffer.concat(pieces).toString("utf8");
  } finally {
    closeSync(fd);
  }
}
