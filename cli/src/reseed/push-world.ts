/**
 * SHELL. The closures of a world that a controller has never had, as after a deployment over ssh: without them it takes no head
 * that names it, since nodes that were away could not follow.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import { closureDigest, type ClosureEntry } from "@chimera/proto/signed/closure";
import type { Leaf } from "@chimera/proto/signed/world";
import type { ApiClient } from "../api/api-client.ts";
import { pushClosures, type CacheTarget } from "../fleet/head/push-closures.ts";
import type { Io } from "../io.ts";
import { localClosures } from "../nix/local-closures.ts";

/** Throws closure-unavailable with the nodes whose closure neither the cache nor this machine has. */
export async function pushWorld(io: Io, leaves: readonly Leaf[], target: CacheTarget): Promise<void> {
  const lacking = await lackingIn(target.api, leaves);
  if (lacking.length === 0) return;
  const found = await localClosures(
    io,
    lacking.map(({ toplevel }) => toplevel),
  );
  requireAll(lacking, found);
  await pushClosures(io, found, target);
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
