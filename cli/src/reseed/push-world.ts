/**
 * SHELL. The closures of a world that a controller has never had, as after a deployment over ssh: without them it takes no head
 * that names it, since nodes that were away could not follow.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import { closureDigest, sortClosure, type ClosureEntry } from "@chimera/proto/signed/closure";
import type { Leaf } from "@chimera/proto/signed/world";
import type { ApiClient } from "../api/api-client.ts";
import { checkedCacheKeyFile, readToken, type NamedContext } from "../context/current-context.ts";
import { createPushView } from "../fleet/report/push-view.ts";
import type { Io } from "../io.ts";
import { localClosures } from "../nix/local-closures.ts";
import { push, type Pushed } from "../nix/push.ts";

interface Target {
  api: ApiClient;
  context: NamedContext;
  json: boolean;
}

/** Throws closure-unavailable with the nodes whose closure neither the cache nor this machine has. */
export async function pushWorld(io: Io, leaves: readonly Leaf[], target: Target): Promise<void> {
  const lacking = await lackingIn(target.api, leaves);
  if (lacking.length === 0) return;
  const found = await localClosures(
    io,
    lacking.map(({ toplevel }) => toplevel),
  );
  requireAll(lacking, found);
  for (const entries of found.values()) {
    await target.api.putClosure(closureDigest(entries), { v: 1, entries: sortClosure(entries) });
  }
  await pushAll(io, found, target);
}

/** One leaf for each closure that the cache has no list of. */
async function lackingIn(api: ApiClient, leaves: readonly Leaf[]): Promise<Leaf[]> {
  const distinct = new Map(leaves.map((leaf) => [leaf.closure, leaf]));
  const lacking: Leaf[] = [];
  for (const leaf of distinct.values()) {
    const list = await api.closure(leaf.closure).catch((error: unknown) => {
      if (error instanceof ChimeraError && error.code === "not-found") return null;
      throw error;
    });
    if (list === null) lacking.push(leaf);
  }
  return lacking;
}

/** Systems of one path may still be made of other bits than those that were signed. */
function requireAll(lacking: readonly Leaf[], found: ReadonlyMap<StorePath, readonly ClosureEntry[]>): void {
  const missing = lacking.filter(({ toplevel, closure }) => {
    const entries = found.get(toplevel);
    return entries === undefined || closureDigest(entries) !== closure;
  });
  if (missing.length === 0) return;
  const nodes = missing.map(({ node, toplevel }) => `${node} (${toplevel})`).join(", ");
  throw new ChimeraError(
    "closure-unavailable",
    `neither the cache nor this machine's store has the closures of ${nodes}: run this where they were built, or bring them here from a node (nix copy --from ssh-ng://root@<node>)`,
  );
}

async function pushAll(
  io: Io,
  closures: ReadonlyMap<StorePath, readonly ClosureEntry[]>,
  { api, context, json }: Target,
): Promise<void> {
  const view = await createPushView(io, json);
  let pushed: Pushed | undefined;
  try {
    pushed = await push(io, closures, {
      api,
      controller: context.controller.replace(/\/+$/u, ""),
      token: await readToken(context, "cache"),
      cacheKeyFile: await checkedCacheKeyFile(context),
      onProgress: (progress) => view.update(progress),
    });
  } finally {
    view.end(pushed);
  }
}
