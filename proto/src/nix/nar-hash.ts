/** PURE but for node:crypto's kin: a NAR hash in any of Nix's forms as SRI, the one form that is signed. */
import { z } from "zod";

const digits = "0123456789abcdfghijklmnpqrsvwxyz";
const sha256Bytes = 32;

/** Since 2.33 some outputs have hashes as objects. */
export const HashJson = z.union([
  z.string().max(128),
  z.object({ algorithm: z.literal("sha256"), format: z.string().max(16), hash: z.string().max(128) }),
]);
export type HashJson = z.infer<typeof HashJson>;

/** `sha256-<base 64>`; undefined when the text is no SHA-256. */
export function toSri(hash: HashJson): string | undefined {
  const text =
    typeof hash === "string" ? hash.replace(/^sha256[:-]/u, "") : hash.hash.replace(/^sha256[:-]/u, "");
  const bytes = decode(text);
  return bytes?.length === sha256Bytes ? `sha256-${bytes.toString("base64")}` : undefined;
}

/** The three encodings have different lengths, so none can be taken for another. */
function decode(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/u.test(text)) return Buffer.from(text, "hex");
  if (/^[0-9a-df-np-sv-z]{52}$/u.test(text)) return decodeNix32(text);
  if (/^[A-Za-z0-9+/]{43}=$/u.test(text)) return Buffer.from(text, "base64");
  return undefined;
}

/** Nix's base 32: last digit first, least significant bits first. */
function decodeNix32(text: string): Buffer | undefined {
  const bytes = Buffer.alloc(sha256Bytes);
  for (const [index, digit] of Array.from(text).toReversed().entries()) {
    const bit = index * 5;
    const value = digits.indexOf(digit) << (bit % 8);
    const at = Math.floor(bit / 8);
    if (at < sha256Bytes) bytes[at] = (bytes[at] ?? 0) | (value & 0xff);
    if (at + 1 < sha256Bytes) bytes[at + 1] = (bytes[at + 1] ?? 0) | (value >> 8);
    else if (value >> 8 !== 0) return undefined;
  }
  return bytes;
}
