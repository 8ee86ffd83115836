/**
 * SHELL. Brings a system that is not in the local store from the fleet's cache into a store of plan's own, and believes
 * none of it before every path is what the signed closure list says.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import type { Leaf } from "@chimera/proto/signed/world";
import type { ApiClient } from "../api/api-client.ts";
import type { PushView } from "../fleet/report/push-view.ts";
import { xdgFolder, type Io } from "../io.ts";
import { withCacheLogin, type CacheLogin } from "../nix/cache-login.ts";
import { copyProgress } from "../nix/copy-progress.ts";
import { runNix } from "../nix/nix-command.ts";
import { queryClosures, queryValid } from "../nix/query-closures.ts";
import { checkClosure } from "../world/check-closure.ts";

export interface Cache extends CacheLogin {
  api: ApiClient;
}

/** A folder that may be deleted at any time. */
export function planStore(io: Io): string {
  return join(xdgFolder(io, "XDG_CACHE_HOME", ".cache"), "chimera", "plan-store");
}

export interface FetchedClosure {
  entries: ClosureEntry[];
  /** Those that were not there yet. */
  copied: ClosureEntry[];
}

/** The closure by its signed list. Throws closure-unavailable, closure-mismatch, tool-missing. */
export async function fetchToplevel(
  io: Io,
  leaf: Leaf,
  { cache, view }: { cache: Cache; view: PushView },
): Promise<FetchedClosure> {
  const root = planStore(io);
  const { entries } = await cache.api.closure(leaf.closure).catch((cause: unknown) => {
    throw new ChimeraError("closure-unavailable", `the closure list of ${leaf.node}`, { cause });
  });
  checkClosure(leaf, entries);
  await mkdir(root, { recursive: true });
  const valid = await queryValid(
    io,
    entries.map(({ path }) => path),
    root,
  );
  const missing = entries.filter(({ path }) => !valid.has(path));
  if (missing.length > 0) await copy(io, leaf, { cache, view, missing });
  const found = (await queryClosures(io, [leaf.toplevel], root)).get(leaf.toplevel) ?? [];
  checkCopy(leaf, { entries, found, root });
  return { entries, copied: missing };
}

async function copy(
  io: Io,
  { toplevel }: Leaf,
  { cache, view, missing }: { cache: Cache; view: PushView; missing: readonly ClosureEntry[] },
): Promise<void> {
  const from = `${cache.controller}/cache`;
  const onProgress = copyProgress(missing, view.update);
  await withCacheLogin(io, cache, async (login) => {
    // Whose signature a path has does not matter: its hash is compared with the fleet's own list.
    const how = ["--no-check-sigs", "--refresh", ...login];
    const args = ["copy", ...how, "--from", from, "--to", planStore(io), toplevel];
    const result = await runNix(io, { args, onProgress });
    if (result.kind === "failed") throw copyError(`copy ${toplevel} from ${from}`, result.log.failure());
  });
}

/** Nix has no other sign than its words for a NAR that is not what its narinfo says: trying again does not mend that. */
function copyError(what: string, reason: string): ChimeraError {
  const code = /hash mismatch/u.test(reason) ? "closure-mismatch" : "closure-unavailable";
  return new ChimeraError(code, `${what}: nix: ${reason}`);
}

function checkCopy(
  leaf: Leaf,
  {
    entries,
    found,
    root,
  }: { entries: readonly ClosureEntry[]; found: readonly ClosureEntry[]; root: string },
): void {
  const signed = new Map(entries.map(({ path, narHash }) => [path, narHash]));
  const wrong = found.find(({ path, narHash }) => signed.get(path) !== narHash);
  if (wrong === undefined && found.length === entries.length) return;
  const what =
    wrong === undefined
      ? `${found.length} paths instead of ${entries.length}`
      : `other bits of ${wrong.path}`;
  throw new ChimeraError(
    "closure-mismatch",
    `the cache has for ${leaf.node} ${what}: nothing of it was looked at (once the cache is mended, delete ${root})`,
  );
}
