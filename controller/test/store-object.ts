/** PURE but for randomness. A store object as a push would send it: NAR, compressed file, narinfo. */
import { createHash, randomBytes } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { nixBase32 } from "../src/cache/nix-base32.ts";

const signer = parseSecretKey(generateKey("test-cache").secret);

export interface StoreObject {
  path: string;
  hash: string;
  nar: Buffer;
  narHash: string;
  file: Buffer;
  /** "nar/<hash>.nar.zst" */
  narFile: string;
  narinfo: string;
}

export function makeStoreObject(name: string, bytes = 64 * 1024): StoreObject {
  const nar = randomBytes(bytes);
  const hash = nixBase32(randomBytes(20));
  const path = `/nix/store/${hash}-${name}`;
  const file = zstdCompressSync(nar);
  const narFile = `nar/${nixBase32(sha256(file))}.nar.zst`;
  const narHash = `sha256:${nixBase32(sha256(nar))}`;
  return {
    path,
    hash,
    nar,
    narHash,
    file,
    narFile,
    narinfo: makeNarinfo({ path, nar, file, narFile, narHash }),
  };
}

function makeNarinfo(object: Pick<StoreObject, "path" | "nar" | "file" | "narFile" | "narHash">): string {
  const { path, nar, file, narFile, narHash } = object;
  const fingerprint = `1;${path};${narHash};${nar.length};`;
  const lines = [
    `StorePath: ${path}`,
    `URL: ${narFile}`,
    "Compression: zstd",
    `FileHash: sha256:${nixBase32(sha256(file))}`,
    `FileSize: ${file.length}`,
    `NarHash: ${narHash}`,
    `NarSize: ${nar.length}`,
    "References: ",
    `Sig: ${signer.name}:${signer.sign(Buffer.from(fingerprint)).toString("base64")}`,
  ];
  return `${lines.join("\n")}\n`;
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
