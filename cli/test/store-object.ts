/** PURE. For tests: a store path whose content is made from its name, as a push would send it. */
import { createHash } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import type { StorePath } from "@chimera/proto/names";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";

const digits = "0123456789abcdfghijklmnpqrsvwxyz";
const signer = parseSecretKey(generateKey("test-cache").secret);
const narBytes = 1000;

export function closureOf(path: StorePath): ClosureEntry[] {
  const narHash = `sha256-${sha256(narOf(path)).toString("base64")}`;
  return [{ path, narHash, narSize: narBytes, references: [] }];
}

/** What is sent to the cache, in order. */
export function uploadsOf(path: StorePath): { name: string; body: Buffer }[] {
  const nar = narOf(path);
  const file = zstdCompressSync(nar);
  const narFile = `nar/${base32(sha256(file))}.nar.zst`;
  const narHash = `sha256:${base32(sha256(nar))}`;
  const sig = signer.sign(Buffer.from(`1;${path};${narHash};${nar.length};`)).toString("base64");
  const narinfo = [
    `StorePath: ${path}`,
    `URL: ${narFile}`,
    "Compression: zstd",
    `FileHash: sha256:${base32(sha256(file))}`,
    `FileSize: ${file.length}`,
    `NarHash: ${narHash}`,
    `NarSize: ${nar.length}`,
    "References: ",
    `Sig: ${signer.name}:${sig}`,
    "",
  ];
  const name = `${path.slice("/nix/store/".length).slice(0, 32)}.narinfo`;
  return [
    { name: narFile, body: file },
    { name, body: Buffer.from(narinfo.join("\n")) },
  ];
}

function narOf(path: StorePath): Buffer {
  return Buffer.alloc(narBytes, path);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** Nix's base 32: last digit first, least significant bits first. */
function base32(bytes: Buffer): string {
  const length = Math.ceil((bytes.length * 8) / 5);
  return Array.from({ length }, (_, i) => {
    const bit = (length - 1 - i) * 5;
    const at = Math.floor(bit / 8);
    const two = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    return digits[(two >> (bit % 8)) & 31] ?? "";
  }).join("");
}
