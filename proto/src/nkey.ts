/**
 * PURE. NATS identities. A seed is "S", the letter of its kind and base 32 of two prefix bytes, 32 seed bytes and a CRC-16; the
 * codec is nkeys.js's, signing and verifying are Node's own: the package's signing costs 28 ms a connect (operations.md,
 * prototypes.md §0.6).
 */
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { createAccount, createOperator, createUser, fromPublic, fromSeed } from "nkeys.js";
import { z } from "zod";
import { ChimeraError } from "./errors.ts";

export const UserNkey = z.string().regex(/^U[A-Z2-7]{55}$/, "an nkey of a user is U and 55 base-32 digits");
export const AccountNkey = z
  .string()
  .regex(/^A[A-Z2-7]{55}$/, "an nkey of an account is A and 55 base-32 digits");
/** NATS calls "operator" whoever signs accounts. */
export const OperatorNkey = z
  .string()
  .regex(/^O[A-Z2-7]{55}$/, "an nkey of a NATS operator is O and 55 base-32 digits");

export interface NkeySigner {
  /** "U…", as nats-server's configuration names the user; "A…" or "O…" of what signs JWTs. */
  publicKey: string;
  /** Signature of a server's nonce, or of a JWT. */
  sign(bytes: Uint8Array): Buffer;
}

export type NkeyKind = keyof typeof kinds;

const kinds = {
  user: { letter: "U", create: createUser },
  account: { letter: "A", create: createAccount },
  operator: { letter: "O", create: createOperator },
} as const;

/** PKCS #8 header of an ed25519 key, RFC 8410, and that of its public half. */
const pkcs8Header = Buffer.from("302e020100300506032b657004220420", "hex");
const spkiHeader = Buffer.from("302a300506032b6570032100", "hex");

/** Throws input-invalid without repeating the seed. */
export function parseNkeySeed(text: string, kind: NkeyKind = "user"): NkeySigner {
  const { letter } = kinds[kind];
  let publicKey: string;
  try {
    publicKey = fromSeed(Buffer.from(text.trim())).getPublicKey();
  } catch (cause) {
    throw new ChimeraError("input-invalid", `not an nkey ${kind} seed (S${letter}…)`, { cause });
  }
  if (!publicKey.startsWith(letter))
    throw new ChimeraError("input-invalid", `not an nkey seed of kind ${kind}`);
  const secret = createPrivateKey({
    // Two prefix bytes before the seed.
    key: Buffer.concat([pkcs8Header, base32(text.trim()).subarray(2, 34)]),
    format: "der",
    type: "pkcs8",
  });
  return { publicKey, sign: (bytes) => sign(null, bytes, secret) };
}

export function generateNkey(kind: NkeyKind = "user"): { seed: string; publicKey: string } {
  const pair = kinds[kind].create();
  return { seed: Buffer.from(pair.getSeed()).toString("ascii"), publicKey: pair.getPublicKey() };
}

/** False also for what is no public nkey. */
export function verifyNkey(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    // For the checksum: a letter that was mistyped names nobody.
    if (fromPublic(publicKey).getPublicKey() !== publicKey) return false;
  } catch {
    return false;
  }
  // One prefix byte before the key.
  const spki = Buffer.concat([spkiHeader, base32(publicKey).subarray(1, 33)]);
  return verify(null, bytes, createPublicKey({ key: spki, format: "der", type: "spki" }), signature);
}

/** RFC 4648 base 32 without padding. */
function base32(text: string): Buffer {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = Array.from(text, (digit) => alphabet.indexOf(digit).toString(2).padStart(5, "0")).join("");
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}
