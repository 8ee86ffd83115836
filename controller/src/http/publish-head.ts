/** SHELL. The one way a head gets into the store: gather, judge, compare-and-set. */
import type { PutHead, StoredHead } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { openHead } from "@chimera/proto/signed/head";
import type { Leaf, World } from "@chimera/proto/signed/world";
import { judgeNewHead } from "../fleet/judge-new-head.ts";
import type { Services } from "./services.ts";

type Needed = Pick<Services, "config" | "store" | "worlds" | "closures" | "cache" | "nodes" | "log">;

/**
 * Throws the code of the first rule that does not hold; then nothing was stored. The newest head sent again changes
 * nothing, unless somebody wrote past it: then it is put back on top, where the nodes look.
 */
export async function publishHead(
  services: Needed,
  { envelope, expectedRevision }: PutHead,
): Promise<StoredHead> {
  const { config, store, worlds, nodes, log } = services;
  const opened = openHead(envelope, config.trust.publish);
  const { heads, revision: newestRevision } = await store.heads.history();
  const verdict = judgeNewHead(opened, {
    fleetId: config.fleetId,
    newest: heads[0] ?? null,
    world: await worlds.get(opened.head.world),
    registered: new Set(Object.keys(nodes())),
    nowMs: Date.now(),
  });
  if (verdict.kind === "refuse") throw new ChimeraError(verdict.code, verdict.reason);
  if (verdict.kind === "stored-already" && verdict.head.revision === newestRevision) return verdict.head;
  if (expectedRevision !== newestRevision) {
    throw new ChimeraError("write-conflict", `the head is at revision ${newestRevision} by now`);
  }
  if (verdict.kind === "store") await requireClosures(services, verdict.world);
  const revision = await store.heads.put(envelope, expectedRevision);
  const { head, id, signedBy } = opened;
  log.info(
    { id, serial: head.serial, epoch: head.epoch, world: head.world, revision, signedBy },
    "head stored",
  );
  return { id, revision, storedAt: new Date().toISOString(), signedBy, head, envelope };
}

/** A head whose closures nobody can fetch would stop every node in the middle: refused before it is one. */
async function requireClosures({ closures, cache }: Needed, { leaves }: World): Promise<void> {
  const seen = new Set<string>();
  for (const leaf of leaves) {
    const key = `${leaf.closure} ${leaf.toplevel}`;
    if (seen.has(key)) continue;
    seen.add(key);
    await requireClosure({ closures, cache }, leaf);
  }
}

async function requireClosure(
  { closures, cache }: Pick<Needed, "closures" | "cache">,
  leaf: Leaf,
): Promise<void> {
  const { node, toplevel, closure } = leaf;
  if (!(await closures.contains(closure, toplevel))) {
    throw new ChimeraError(
      "closure-unavailable",
      `node ${node}: the cache has no closure/${closure} with ${toplevel}`,
    );
  }
  const hash = toplevel.slice("/nix/store/".length).slice(0, 32);
  if (!(await cache.hasNarinfo(hash))) {
    throw new ChimeraError("closure-unavailable", `node ${node}: the cache has no narinfo of ${toplevel}`);
  }
}
