/**
 * PURE. NATS identities. A seed is "SU" + base 32 of two prefix bytes, 32 seed bytes and a CRC-16; the codec is
 * nkeys.js's, the signing is Node's own: the package's signing costs 28 ms a connect (operations.md, prototypes.md §0.6).
 */
import { createPrivateKey, sign } from "node:crypto";
import { createUser, fromSeed } from "nkeys.js";
import { ChimeraError } from "./errors.ts";

export interface NkeySigner {
  /** "U…", as nats-server's configuration names the user. */
  publicKey: string;
  /** Signature of a server's nonce. */
  sign(nonce: Uint8Array): Buffer;
}

/** PKCS #8 header of an ed25519 key, RFC 8410. */
const pkcs8Header = Buffer.from("302e020100300506032b657004220420", "hex");

/** Throws input-invalid without repeating the seed. */
export function parseNkeySeed(text: string): NkeySigner {
  let publicKey: string;
  try {
    publicKey = fromSeed(Buffer.from(text.trim())).getPublicKey();
  } catch (cause) {
    throw new ChimeraError("input-invalid", "not an nkey user seed (SU…)", { cause });
  }
  if (!publicKey.startsWith("U")) throw new ChimeraError("input-invalid", "not an nkey of a user");
  const secret = createPrivateKey({
    key: Buffer.concat([pkcs8Header, seedBytes(text.trim())]),
    format: "der",
    type: "pkcs8",
  });
  return { publicKey, sign: (nonce) => sign(null, nonce, secret) };
}

export function generateNkey(): { seed: string; publicKey: string } {
  const user = createUser();
  return { seed: Buffer.from(user.getSeed()).toString("ascii"), publicKey: user.getPublicKey() };
}

/** RFC 4648 base 32 without padding; two prefix bytes before the seed, two of checksum behind it. */
function seedBytes(text: string): Buffer {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = Array.from(text, (digit) => alphabet.indexOf(digit).toString(2).padStart(5, "0")).join("");
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2))).subarray(2, 34);
}
