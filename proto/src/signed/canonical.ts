/** PURE. The one way to turn a value into bytes that are hashed: canonical JSON, RFC 8785, by its author's library. */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { ChimeraError } from "../errors.ts";
import { Digest } from "../names.ts";

export function canonicalBytes(value: unknown): Buffer {
  const text = canonicalize(value);
  if (text === undefined) throw new ChimeraError("bug", "a value without JSON form was to be hashed");
  return Buffer.from(text, "utf8");
}

/**
 * JSON of bytes that are UTF-8, and of no others: a reader that mends broken bytes sees another document than one that does
 * not. Throws TypeError or SyntaxError.
 */
export function parseUtf8Json(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
}

export function sha256(bytes: Uint8Array): Digest {
  return Digest.parse(createHash("sha256").update(bytes).digest("hex"));
}
