/** SHELL. The one way a head gets into the store: gather, judge, compare-and-set. */
import type { PutHead, StoredHead } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { openHead, type OpenedHead } from "@chimera/proto/signed/head";
import type { Leaf, World } from "@chimera/proto/signed/world";
import { subjects } from "@chimera/proto/subjects";
import type { FleetDocuments } from "../fleet/fleet-documents.ts";
import { judgeNewHead, type HeadSurroundings } from "../fleet/judge-new-head.ts";
import { oneAtATime, type Expected } from "../store/bucket.ts";
import type { Act } from "./audited.ts";
import { afterStored } from "./after-stored.ts";
import type { Services } from "./services.ts";

type Needed = Pick<
  Services,
  "config" | "store" | "worlds" | "waves" | "closures" | "cache" | "nodes" | "log"
>;

/**
 * Throws the code of the first rule that does not hold; then nothing was stored. The newest head sent again changes
 * nothing, unless somebody wrote past it: then it is put back on top, where the nodes look.
 */
export async function publishHead(services: Needed, put: PutHead, act: Act): Promise<StoredHead> {
  // The closures of ten thousand nodes take their time, and a panic must not wait for it.
  const { verdict } = await judge(services, put);
  if (verdict.kind === "store") await requireClosures(services, verdict.world);
  return oneAtATime(services.store.bucket, (expected) => tryPublish(services, { put, act, expected }));
}

async function tryPublish(
  services: Needed,
  { put, act, expected }: { put: PutHead; act: Act; expected: Expected },
): Promise<StoredHead | "moved"> {
  const { config, store, log } = services;
  const { envelope } = put;
  const { opened, verdict, headRevision } = await judge(services, put);
  if (verdict.kind === "stored-already" && verdict.head.revision === headRevision) return verdict.head;
  const { head, id, signedBy } = opened;
  const kept = subjects.desired("head", config.fleetId);
  await act.begin("head", { kind: "head", id, signedBy, envelope, kept });
  const revision = await store.bucket.write(kept, envelope, expected);
  if (revision === "moved") return revision;
  log.info(
    { id, serial: head.serial, epoch: head.epoch, world: head.world, revision, signedBy },
    "head stored",
  );
  await afterStored(store, id);
  return { id, revision, storedAt: new Date().toISOString(), signedBy, head, envelope };
}

async function judge(services: Needed, { envelope, expectedRevision }: PutHead) {
  const documents = await services.store.documents.read();
  const opened = openHead(envelope, documents.keys.set.roles.publish);
  const verdict = judgeNewHead(opened, envelope, await surroundings(services, documents, opened));
  if (verdict.kind === "refuse") throw new ChimeraError(verdict.code, verdict.reason);
  const { headRevision } = documents;
  const isThere = verdict.kind === "stored-already" && verdict.head.revision === headRevision;
  if (!isThere && expectedRevision !== headRevision) {
    throw new ChimeraError("write-conflict", `the head is at revision ${headRevision} by now`);
  }
  return { opened, verdict, headRevision };
}

async function surroundings(
  { store, worlds, waves, nodes }: Needed,
  documents: FleetDocuments,
  { head }: OpenedHead,
): Promise<HeadSurroundings> {
  const registered = nodes();
  const action = (await store.orders.quarantine()).list?.order.action;
  return {
    documents,
    world: await worlds.get(head.world),
    waves: await Promise.all((head.policy.rollout?.waves ?? []).map(({ list }) => waves.get(list))),
    registered: new Set(Object.keys(registered)),
    quarantined: new Set(action?.kind === "quarantine" ? action.toplevels : []),
    reported: store.projection.verified(registered),
    nowMs: Date.now(),
  };
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
