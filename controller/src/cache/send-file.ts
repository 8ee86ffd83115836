/** SHELL. Sends an immutable file straight to the socket: ETag, one range, no copy through web streams. */
import { createReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { isNoEntry } from "../files/durable-file.ts";
import { clientLeft } from "./client-left.ts";
import { parseRange } from "./parse-range.ts";

const chunkBytes = 512 * 1024;

export interface FileToSend {
  path: string;
  /** A published name has one content for ever, so the name is the tag. */
  tag: string;
  type: string;
}

/** Returns the bytes read to be sent; undefined, with nothing sent, when there is no such file. */
export async function sendFile(
  file: FileToSend,
  { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
): Promise<number | undefined> {
  const handle = await openFile(file.path);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    const part = writeHead({ incoming, outgoing }, file, size);
    if (part === undefined) return 0;
    const source = createReadStream("", {
      fd: handle,
      autoClose: false,
      start: part.start,
      end: part.end,
      highWaterMark: chunkBytes,
    });
    await pipeline(source, outgoing).catch((cause: unknown) => {
      outgoing.destroy();
      // A client may leave; a disk that gives nothing is for the log.
      if (!clientLeft(cause)) throw new ChimeraError("file-unreadable", "cache folder", { cause });
    });
    return source.bytesRead;
  } finally {
    await handle.close();
  }
}

/** Undefined when the head was all there is to send. */
function writeHead(
  { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
  { tag, type }: FileToSend,
  size: number,
): { start: number; end: number } | undefined {
  outgoing.setHeader("ETag", `"${tag}"`);
  outgoing.setHeader("Cache-Control", "private, max-age=31536000, immutable");
  outgoing.setHeader("Accept-Ranges", "bytes");
  if (incoming.headers["if-none-match"] === `"${tag}"`) return finish(outgoing, 304);
  // RFC 9110 §14.2: a range is of GET only.
  const range = incoming.method === "GET" ? parseRange(incoming.headers.range, size) : undefined;
  if (range === "unsatisfiable") {
    outgoing.setHeader("Content-Range", `bytes */${size}`);
    return finish(outgoing, 416);
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  if (range !== undefined) outgoing.setHeader("Content-Range", `bytes ${start}-${end}/${size}`);
  outgoing.statusCode = range === undefined ? 200 : 206;
  outgoing.setHeader("Content-Type", type);
  outgoing.setHeader("Content-Length", end - start + 1);
  return incoming.method === "HEAD" || size === 0 ? finish(outgoing, outgoing.statusCode) : { start, end };
}

function finish(outgoing: ServerResponse, status: number): undefined {
  outgoing.statusCode = status;
  outgoing.end();
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (cause) {
    if (isNoEntry(cause)) return undefined;
    throw new ChimeraError("file-unreadable", "cache folder", { cause });
  }
}
