/** SHELL. Signs closures where they were built and copies them to the controller's cache, then asks for every narinfo. */
import { closureSize, type ClosureEntry } from "@chimera/proto/signed/closure";
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import pLimit from "p-limit";
import type { ApiClient } from "../api/api-client.ts";
import type { Io } from "../io.ts";
import { withCacheLogin } from "./cache-login.ts";
import { copyProgress, type CopyProgress } from "./copy-progress.ts";
import { checkNarinfo } from "./narinfo.ts";
import { nixOutput } from "./nix-command.ts";
import { signClosures } from "./sign-closures.ts";

const requestsAtOnce = 24;

export interface PushOptions {
  api: ApiClient;
  controller: string;
  /** For Nix's own requests to the cache. */
  token: string | undefined;
  cacheKeyFile: string;
  onProgress: (progress: CopyProgress) => void;
}

export interface Pushed {
  paths: number;
  narBytes: number;
}

/** What had to be copied. Throws closure-unavailable when the cache does not answer for a path afterwards. */
export async function push(
  io: Io,
  closures: ReadonlyMap<StorePath, readonly ClosureEntry[]>,
  options: PushOptions,
): Promise<Pushed> {
  const entries = new Map([...closures.values()].flat().map((entry) => [entry.path, entry]));
  const [missing] = await Promise.all([
    missingPaths(options.api, [...entries.values()]),
    signClosures(io, [...closures.keys()], options.cacheKeyFile),
  ]);
  if (missing.length > 0) {
    await copy(io, missing, options);
    const left = await missingPaths(options.api, missing);
    const [first] = left;
    if (first !== undefined) {
      throw new ChimeraError(
        "closure-unavailable",
        `the cache has no narinfo for ${first.path} (${left.length} of ${entries.size} paths) after the copy`,
      );
    }
  }
  return { paths: missing.length, narBytes: closureSize(missing) };
}

/** Throws content-conflict when the cache has other bytes under one of the names. */
async function missingPaths(api: ApiClient, entries: readonly ClosureEntry[]): Promise<ClosureEntry[]> {
  const limit = pLimit(requestsAtOnce);
  const states = await Promise.all(
    entries.map((entry) =>
      limit(async () => ({
        entry,
        present: checkNarinfo(entry, await api.narinfo(entry.path.slice("/nix/store/".length).slice(0, 32))),
      })),
    ),
  );
  return states.filter(({ present }) => !present).map(({ entry }) => entry);
}

/**
 * --refresh: Nix remembers for weeks that a cache had a path, and would not send it again to one that lost it.
 * --no-recursive: what the cache has is known already; Nix would ask for every path of the closures once more.
 */
async function copy(io: Io, missing: readonly ClosureEntry[], options: PushOptions): Promise<void> {
  const stdin = missing.map(({ path }) => path).join("\n");
  const to = `${options.controller}/cache?compression=zstd`;
  const onProgress = copyProgress(missing, options.onProgress);
  await withCacheLogin(io, options, async (login) => {
    const args = ["copy", "--no-recursive", "--refresh", ...login, "--to", to, "--stdin"];
    await nixOutput(io, { args, stdin, onProgress }, `copy to ${options.controller}/cache`);
  });
}
