/** SHELL. Takes the body of a request to a temporary file or to memory: bounded, counted, and gone if it is cut short. */
import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { clientLeft } from "./client-left.ts";

export interface ReceivedFile {
  path: string;
  bytes: number;
  sha256: Buffer;
}

/** The caller moves or removes the file. Throws body-too-large or body-incomplete, and then leaves nothing. */
export async function receiveFile(
  incoming: IncomingMessage,
  { directory, limitBytes }: { directory: string; limitBytes: number },
): Promise<ReceivedFile> {
  refuseDeclaredSize(incoming, limitBytes);
  const path = join(directory, randomUUID());
  const hash = createHash("sha256");
  let bytes = 0;
  async function* counted(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw tooLarge(limitBytes);
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    await pipeline(incoming, counted, createWriteStream(path, { flags: "wx", flush: true, mode: 0o644 }));
    refuseShortBody(incoming, bytes);
  } catch (error) {
    await rm(path, { force: true });
    throw bodyError(incoming, error);
  }
  return { path, bytes, sha256: hash.digest() };
}

/** Throws body-too-large or body-incomplete. */
export async function receiveText(incoming: IncomingMessage, limitBytes: number): Promise<string> {
  refuseDeclaredSize(incoming, limitBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming) {
      const part = Buffer.from(chunk);
      bytes += part.length;
      if (bytes > limitBytes) throw tooLarge(limitBytes);
      chunks.push(part);
    }
    refuseShortBody(incoming, bytes);
  } catch (error) {
    throw bodyError(incoming, error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function declaredSize(incoming: IncomingMessage): number | undefined {
  const text = incoming.headers["content-length"];
  return text === undefined ? undefined : Number(text);
}

function refuseDeclaredSize(incoming: IncomingMessage, limitBytes: number): void {
  if ((declaredSize(incoming) ?? 0) > limitBytes) throw tooLarge(limitBytes);
}

function refuseShortBody(incoming: IncomingMessage, bytes: number): void {
  const declared = declaredSize(incoming);
  if (incoming.complete && (declared === undefined || declared === bytes)) return;
  throw new ChimeraError("body-incomplete", `the body ended after ${bytes} of ${declared ?? "?"} bytes`);
}

function tooLarge(limitBytes: number): ChimeraError {
  return new ChimeraError("body-too-large", `a body may have ${limitBytes} bytes here`);
}

/** A disk that fails ends the connection too, so only the error itself says which of both was first. */
function bodyError(incoming: IncomingMessage, cause: unknown): ChimeraError {
  if (cause instanceof ChimeraError) return cause;
  return !incoming.complete && clientLeft(cause)
    ? new ChimeraError("body-incomplete", "the connection was cut before the body's end", { cause })
    : new ChimeraError("file-unreadable", "store the body", { cause });
}
