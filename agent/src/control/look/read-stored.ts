/**
 * SHELL. What the bucket holds under one key, by direct get, as a bounded document. Whoever may write there may write
 * anything: nothing is parsed that is too large or too deep.
 */
import { ChimeraError } from "@chimera/proto/errors";
import { Envelope } from "@chimera/proto/signed/envelope";
import type { z } from "zod";
import type { Connection } from "../connection.ts";

/** An envelope has less than 1 MiB of payload as base 64; a list of orders fits into one message of NATS. */
const maxBytes = 2 << 20;
/** Opening brackets of a list of 256 orders with 32 signatures each, and no more than a few hundred for one document. */
const maxBrackets = 16_384;

export type Parsed<T> = { kind: "malformed"; reason: string } | { kind: "found"; value: T };

/** `none`: there is no such key. `unanswered`: nobody said; the other keys are asked for all the same. */
export type Found<T> = Parsed<T> | { kind: "none" } | { kind: "unanswered" };

export async function readStored<T>(
  connection: Connection,
  subject: string,
  schema: z.ZodType<T>,
): Promise<Found<T>> {
  try {
    const { data, code } = await connection.request(subject, "");
    // A deleted key answers with nothing.
    return code !== 0 || data.length === 0 ? { kind: "none" } : parseBounded(data, schema);
  } catch (error) {
    if (error instanceof ChimeraError) return { kind: "unanswered" };
    throw error;
  }
}

export function readEnvelope(connection: Connection, subject: string): Promise<Found<Envelope>> {
  return readStored(connection, subject, Envelope);
}

export function parseBounded<T>(data: Uint8Array, schema: z.ZodType<T>): Parsed<T> {
  if (data.length > maxBytes) return { kind: "malformed", reason: `a document of ${data.length} bytes` };
  if (!isFlat(data)) return { kind: "malformed", reason: "a document with too many brackets" };
  const { data: value } = schema.safeParse(parseJson(data));
  return value === undefined
    ? { kind: "malformed", reason: "what is stored there is no signed document" }
    : { kind: "found", value };
}

/** Base 64 has no brackets: what has many of them is nothing that anybody signed. */
function isFlat(data: Uint8Array): boolean {
  let count = 0;
  for (const bracket of [0x5b, 0x7b]) {
    for (let at = data.indexOf(bracket); at !== -1; at = data.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > maxBrackets) return false;
    }
  }
  return true;
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    return undefined;
  }
}
