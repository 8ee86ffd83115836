/** SHELL. The binary cache's folder, laid out as Nix's own file:// cache: immutable files, checked before they appear. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { access, link, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { basename, dirname, join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Limits } from "../config.ts";
import { isNoEntry, syncDirectory, writeDurably } from "../files/durable-file.ts";
import { checkNar } from "./check-nar.ts";
import { parseNarinfo } from "./narinfo.ts";
import { nixBase32 } from "@chimera/proto/nix/nix-base32";
import { receiveFile, receiveText } from "./receive-body.ts";

export const cacheInfo = "StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 30\n";

const staleMs = 24 * 3600 * 1000;

export type PutResult = "created" | "same";

export interface CacheStore {
  narinfoPath(hash: string): string;
  narPath(file: string): string;
  putNar(file: string, incoming: IncomingMessage): Promise<PutResult>;
  putNarinfo(hash: string, incoming: IncomingMessage): Promise<PutResult>;
  hasNarinfo(hash: string): Promise<boolean>;
}

export function openCacheStore(directory: string, limits: Limits): CacheStore {
  prepareFolders(directory);
  const temporary = join(directory, "tmp");
  const narPath = (file: string) => join(directory, "nar", file);
  const narinfoPath = (hash: string) => join(directory, `${hash}.narinfo`);
  return {
    narPath,
    narinfoPath,
    hasNarinfo: (hash) => exists(narinfoPath(hash)),
    async putNar(file, incoming) {
      const received = await receiveFile(incoming, { directory: temporary, limitBytes: limits.narBytes });
      try {
        const hash = nixBase32(received.sha256);
        if (!file.startsWith(`${hash}.`)) {
          throw new ChimeraError("hash-mismatch", `nar/${file}: the body has the hash ${hash}`);
        }
        return await publishFile(received.path, narPath(file));
      } finally {
        await rm(received.path, { force: true });
      }
    },
    async putNarinfo(hash, incoming) {
      const text = await receiveText(incoming, limits.narinfoBytes);
      const known = await readFile(narinfoPath(hash), "utf8").catch(undefinedIfMissing);
      if (known !== undefined) return sameOrConflict(basename(narinfoPath(hash)), known === text);
      const info = parseNarinfo(text);
      if (!info.StorePath.startsWith(`/nix/store/${hash}-`)) {
        throw new ChimeraError("input-invalid", `narinfo: StorePath: ${info.StorePath} is not named ${hash}`);
      }
      if (info.NarSize > limits.narBytes) {
        throw new ChimeraError("body-too-large", `narinfo: NarSize: at most ${limits.narBytes} bytes`);
      }
      await requireNar(narPath(basename(info.URL)), info.URL);
      await checkNar(narPath(basename(info.URL)), info);
      return putText({ path: narinfoPath(hash), temporary, text });
    },
  };
}

/** Writes a file that must never change: "same" when it is there with this text. */
export async function putText({
  path,
  temporary,
  text,
}: {
  path: string;
  temporary: string;
  text: string;
}): Promise<PutResult> {
  const draft = join(temporary, randomUUID());
  try {
    await writeFile(draft, text, { flag: "wx", flush: true, mode: 0o644 });
    const result = await publishFile(draft, path);
    if (result === "created") return result;
    return sameOrConflict(basename(path), (await readFile(path, "utf8")) === text);
  } finally {
    await rm(draft, { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A hard link takes a name only once, however many upload at a time. */
async function publishFile(from: string, to: string): Promise<PutResult> {
  const result = await link(from, to).then(
    () => "created" as const,
    (cause: unknown) => {
      if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return "same" as const;
      throw new ChimeraError("file-unreadable", `publish ${to}`, { cause });
    },
  );
  // Also for the second: who was first may not have come as far as this.
  await syncDirectory(dirname(to));
  return result;
}

function sameOrConflict(name: string, same: boolean): PutResult {
  if (same) return "same";
  throw new ChimeraError("content-conflict", `${name} is published with other content`);
}

async function requireNar(path: string, url: string): Promise<void> {
  const found = await stat(path).catch(undefinedIfMissing);
  if (found === undefined) throw new ChimeraError("hash-mismatch", `narinfo: URL: ${url} was not uploaded`);
}

function undefinedIfMissing(error: unknown): undefined {
  if (isNoEntry(error)) return undefined;
  throw new ChimeraError("file-unreadable", "cache folder", { cause: error });
}

/** Uploads that a crash left behind go after a day: another controller may be writing next to us. */
function prepareFolders(directory: string): void {
  for (const folder of ["nar", "closure", "worlds", "waves", "tmp"])
    mkdirSync(join(directory, folder), { recursive: true });
  writeDurably(join(directory, "nix-cache-info"), cacheInfo, 0o644);
  const temporary = join(directory, "tmp");
  for (const name of readdirSync(temporary)) {
    const { mtimeMs } = statSync(join(temporary, name), { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
    if (Date.now() - mtimeMs > staleMs) rmSync(join(temporary, name), { force: true });
  }
}
