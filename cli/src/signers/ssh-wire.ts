/** PURE. The few pieces of the SSH wire format (RFC 4251 §5, RFC 8709) that a key and its signature are made of. */
import { ChimeraError } from "@chimera/proto/errors";

const keyType = "ssh-ed25519";
const keyBytes = 32;
const signatureBytes = 64;

export function sshString(bytes: Uint8Array | string): Buffer {
  const body = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** The next string and what follows it; throws input-invalid where it ends too early. */
export function readSshString(bytes: Buffer): { value: Buffer; rest: Buffer } {
  const length = bytes.length < 4 ? -1 : bytes.readUInt32BE();
  if (length < 0 || bytes.length < 4 + length) {
    throw new ChimeraError("input-invalid", "an SSH message ends in the middle");
  }
  return { value: bytes.subarray(4, 4 + length), rest: bytes.subarray(4 + length) };
}

/** A public key as ssh-agent and `.pub` files name it. */
export function keyBlob(publicKey: Uint8Array): Buffer {
  return Buffer.concat([sshString(keyType), sshString(publicKey)]);
}

/** Undefined for a key of another type. Throws input-invalid for a damaged one. */
export function readKeyBlob(blob: Buffer): { type: string; publicKey: Buffer | undefined } {
  const { value, rest } = readSshString(blob);
  const type = value.toString("latin1");
  if (type !== keyType) return { type, publicKey: undefined };
  const key = readSshString(rest);
  if (key.value.length === keyBytes && key.rest.length === 0) return { type, publicKey: key.value };
  throw new ChimeraError("input-invalid", `a key that says it is ${keyType} is not one`);
}

/** The bare 64 bytes. Throws input-invalid for any other kind of signature. */
export function readSignature(blob: Buffer): Buffer {
  const type = readSshString(blob);
  const signature = readSshString(type.rest);
  const isPlain = type.value.toString("latin1") === keyType && signature.rest.length === 0;
  if (isPlain && signature.value.length === signatureBytes) return signature.value;
  throw new ChimeraError("input-invalid", `the signature is not one of ${keyType}`);
}
