/** SHELL. Writes a new file with the bytes of a source, checked against their digest, with owner and mode, synced. */
import { createHash } from "node:crypto";
import { closeSync, constants, fchmodSync, fchownSync, fsyncSync, openSync } from "node:fs";
import { attempt, attemptAsync, type Outcome } from "../errno-outcome.ts";
import { readPieces } from "./hash-file.ts";
import { writeWhole } from "./tree.ts";

export interface CopyRequest {
  source: string;
  size: number;
  sha256: string;
  mode: number;
  uid: number;
  gid: number;
}

/** The same for bytes that come from no source. */
export async function writeText(
  path: string,
  text: string,
  owner: Pick<CopyRequest, "mode" | "uid" | "gid">,
): Promise<Outcome<null>> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const created = attempt(() => openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
  if (created.kind === "failed") return created;
  try {
    return attempt(() => {
      writeWhole(created.value, Buffer.from(text));
      finish(created.value, owner);
      return null;
    });
  } finally {
    closeSync(created.value);
  }
}

/** `path` must not exist. Fails with EBADMSG when the source is not what it was declared to be. */
export async function writeCopy(path: string, request: CopyRequest): Promise<Outcome<null>> {
  const source = attempt(() => openSync(request.source, constants.O_RDONLY | constants.O_NONBLOCK));
  if (source.kind === "failed") return source;
  try {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const created = attempt(() => openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    if (created.kind === "failed") return created;
    try {
      const filled = await attemptAsync(() => fill(created.value, source.value, request));
      return filled.kind === "failed" ? filled : filled.value;
    } finally {
      closeSync(created.value);
    }
  } finally {
    closeSync(source.value);
  }
}

async function fill(fd: number, source: number, request: CopyRequest): Promise<Outcome<null>> {
  const hash = createHash("sha256");
  const read = await readPieces(source, {
    maxBytes: request.size + 1,
    onPiece(piece) {
      hash.update(piece);
      writeWhole(fd, piece);
    },
  });
  if (read.kind === "failed") return read;
  if (read.value !== request.size || hash.digest("hex") !== request.sha256)
    return { kind: "failed", errno: "EBADMSG" };
  finish(fd, request);
  return { kind: "done", value: null };
}

function finish(fd: number, { uid, gid, mode }: Pick<CopyRequest, "mode" | "uid" | "gid">): void {
  // The mode after the owner: chown clears set-id bits.
  fchownSync(fd, uid, gid);
  fchmodSync(fd, mode);
  fsyncSync(fd);
}
