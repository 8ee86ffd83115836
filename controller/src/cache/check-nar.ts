/** SHELL. Reads a stored NAR once and holds every claim of its narinfo against it. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { PassThrough, type Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { ChimeraError } from "@chimera/proto/errors";
import type { Narinfo } from "./narinfo.ts";
import { namesSha256 } from "@chimera/proto/nix/nix-base32";

const chunkBytes = 1 << 20;

/** Throws hash-mismatch with the field that does not hold. Unpacks no further than the claimed size. */
export async function checkNar(path: string, info: Narinfo): Promise<void> {
  const file = meter("FileSize", info.FileSize);
  const nar = meter("NarSize", info.NarSize);
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: chunkBytes }),
      (source: AsyncIterable<Buffer>) => file.pass(source),
      unpacker(info.Compression),
      (source: AsyncIterable<Buffer>) => nar.pass(source),
      drain,
    );
  } catch (cause) {
    if (cause instanceof ChimeraError) throw cause;
    throw new ChimeraError("hash-mismatch", `${info.URL} does not unpack as ${info.Compression}`, { cause });
  }
  file.expect("FileHash", info.FileHash);
  nar.expect("NarHash", info.NarHash);
}

/** Counts and hashes what passes; more than claimed ends the pipeline, so nothing can unpack without end. */
function meter(field: string, claimed: number) {
  const hash = createHash("sha256");
  let bytes = 0;
  return {
    async *pass(source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > claimed) throw mismatch(field, `more than ${claimed}`, String(claimed));
        hash.update(chunk);
        yield chunk;
      }
    },
    expect(hashField: string, claimedHash: string) {
      if (bytes !== claimed) throw mismatch(field, String(bytes), String(claimed));
      const found = hash.digest();
      if (!namesSha256(claimedHash, found)) {
        throw mismatch(hashField, `sha256-${found.toString("base64")}`, claimedHash);
      }
    },
  };
}

function unpacker(compression: Narinfo["Compression"]): Duplex {
  return compression === "zstd" ? createZstdDecompress({ chunkSize: chunkBytes }) : new PassThrough();
}

async function drain(source: AsyncIterable<Buffer>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

function mismatch(field: string, found: string, claimed: string): ChimeraError {
  return new ChimeraError("hash-mismatch", `narinfo: ${field} is ${claimed}, the NAR has ${found}`);
}
