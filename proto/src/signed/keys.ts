/** PURE. Keys in Nix's own text form `name:base64`: `nix key generate-secret` and ours make interchangeable files. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { z } from "zod";
import { ChimeraError } from "../errors.ts";

const keyName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const publicBytes = 32;
/** libsodium's secret key, which is what Nix stores: 32 bytes of seed, then the public key. */
const secretBytes = 64;

/** `name:base64` of an ed25519 public key. */
export const PublicKeyText = z
  .string()
  .max(256)
  .refine((text) => splitKey(text, publicBytes) !== undefined, "a public key is name:base64 of 32 bytes")
  .brand<"PublicKeyText">();
export type PublicKeyText = z.infer<typeof PublicKeyText>;

/** A key that signs at once: one from a file. */
export interface Signer {
  name: string;
  publicKey: PublicKeyText;
  sign(bytes: Uint8Array): Buffer;
}

export function publicKeyName(text: PublicKeyText): string {
  return text.slice(0, text.indexOf(":"));
}

/** Throws input-invalid when the text is no public key. */
export function verifyWith(text: PublicKeyText, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, bytes, publicKeyObject(text), signature);
}

/** The raw 32 bytes: two names for one key are one key. */
export function publicKeyBytes(text: PublicKeyText): Buffer {
  const key = splitKey(text, publicBytes);
  if (key === undefined) throw new ChimeraError("input-invalid", "not a public key of the form name:base64");
  return key.bytes;
}

/** Reads a secret key file's text. The message never repeats any of it. */
export function parseSecretKey(text: string): Signer {
  const key = splitKey(text.trim(), secretBytes);
  if (key === undefined) {
    throw new ChimeraError("input-invalid", "not a secret key of the form name:base64 of 64 bytes");
  }
  const seed = key.bytes.subarray(0, publicBytes);
  const pub = key.bytes.subarray(publicBytes);
  const secret = createPrivateKey({
    key: { kty: "OKP", crv: "Ed25519", d: seed.toString("base64url"), x: pub.toString("base64url") },
    format: "jwk",
  });
  const derived = rawPublicKey(createPublicKey(secret));
  if (!derived.equals(pub)) {
    throw new ChimeraError("input-invalid", `secret key "${key.name}" does not match its own public half`);
  }
  return {
    name: key.name,
    publicKey: PublicKeyText.parse(`${key.name}:${pub.toString("base64")}`),
    sign: (bytes) => sign(null, bytes, secret),
  };
}

/** A new key pair as the texts of its two files (without line ends). */
export function generateKey(name: string): { secret: string; public: PublicKeyText } {
  if (!keyName.test(name)) {
    throw new ChimeraError("input-invalid", `key name "${name}": use letters, digits, ".", "_" and "-"`);
  }
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pub = rawPublicKey(publicKey);
  const seed = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
  return {
    secret: `${name}:${Buffer.concat([seed, pub]).toString("base64")}`,
    public: PublicKeyText.parse(`${name}:${pub.toString("base64")}`),
  };
}

function publicKeyObject(text: PublicKeyText): KeyObject {
  const x = publicKeyBytes(text).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}

function splitKey(text: string, length: number): { name: string; bytes: Buffer } | undefined {
  const colon = text.indexOf(":");
  const name = text.slice(0, colon);
  if (colon < 1 || !keyName.test(name)) return undefined;
  const encoded = text.slice(colon + 1);
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length !== length || bytes.toString("base64") !== encoded) return undefined;
  return { name, bytes };
}
