/** SHELL. What a controller still has, and how far its nodes are, before anything is put back. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, WorldId } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { Leaf } from "@chimera/proto/signed/world";
import type { ApiClient } from "../api/api-client.ts";
import { openSignedHead, openSignedPanic, type WalkedChain } from "../documents/open-signed.ts";
import { readBoundedFile } from "../documents/read-bounded.ts";
import { checkView, nodeKeysOf } from "../fleet/check-view.ts";
import { highestReported, type HighestReported } from "../fleet/head/highest-reported.ts";
import { walkFleetKeys } from "../fleet/key-chain.ts";
import { keptWorld } from "../fleet/world-copy.ts";
import type { Io } from "../io.ts";
import { openList } from "../order/current-quarantine.ts";
import { checkSize, checkWorld } from "../world/check-world.ts";
import { WorldFile } from "../world/world-file.ts";
import { sameOrContinues } from "./read-copy.ts";
import type { Remaining, VerifiedCopy } from "./reseed-plan.ts";

export interface Survey {
  /** The longer one of the copy's and the controller's. */
  chain: WalkedChain;
  there: Remaining;
  /** Of the copy's head; null where the copy has none. */
  leaves: Leaf[] | null;
  /** The controller has lost that world too. */
  isWorldLost: boolean;
  /** Revision that a head must name. */
  revision: number;
  reported: HighestReported;
  notes: string[];
}

interface Asked {
  copy: VerifiedCopy;
  fleetId: FleetId;
  worldFile: string | undefined;
}

export async function surveyFleet(io: Io, api: ApiClient, asked: Asked): Promise<Survey> {
  const { copy, fleetId } = asked;
  const shown = await shownChain(api, fleetId);
  const chain = sameOrContinues(copy.chain, shown);
  const { there, revision } = await remaining(api, chain, shown.length);
  const { leaves, isLost } = await copiedWorld(io, api, asked);
  const epoch = chain.at(-1)?.set.epoch ?? 0;
  const nodes = await judgedNodes(api, fleetId, leaves ?? []);
  const reported = highestReported(nodes, { epoch, seen: copy.head?.head ?? null });
  const more = `the controller has key set ${shown.length}, the copy ends with ${copy.chain.length}`;
  const notes = shown.length > copy.chain.length ? [more] : [];
  return { chain, there, revision, reported, notes, leaves, isWorldLost: isLost };
}

async function shownChain(api: ApiClient, fleetId: FleetId): Promise<WalkedChain> {
  try {
    return walkFleetKeys(await api.keys(), fleetId);
  } catch (error) {
    if (error instanceof ChimeraError && error.code === "not-found") return [];
    throw error;
  }
}

/** Only the key of a signed leaf counts here: what a lost store says of keys proves nothing. */
async function judgedNodes(api: ApiClient, fleetId: FleetId, leaves: readonly Leaf[]): Promise<NodeView[]> {
  const keyOf = nodeKeysOf(leaves);
  const views = await api.nodes();
  return views.map((view) => checkView({ ...view, nodeKey: keyOf(view.node) }, fleetId, keyOf));
}

async function remaining(
  api: ApiClient,
  chain: WalkedChain,
  keySets: number,
): Promise<{ there: Remaining; revision: number }> {
  const [view, ready, list] = await Promise.all([api.fleet(), api.panicReady(), api.quarantine()]);
  const head = view.head === null ? null : openSignedHead(chain, view.head.envelope);
  const panic = view.panic === null ? null : openSignedPanic(chain, view.panic.envelope);
  const quarantine = list === null ? 0 : openList(chain, list).list.serial;
  const place = head === null ? null : { epoch: head.head.epoch, serial: head.head.serial, rank: 0 };
  return {
    revision: view.revision,
    there: {
      keySets,
      head: head === null || place === null ? null : { id: head.id, place },
      panic: panic?.id ?? null,
      ready: idOf(ready),
      quarantine,
    },
  };
}

function idOf(envelope: Envelope | null): Remaining["ready"] {
  return envelope === null ? null : sha256(payloadOf(envelope, "panic"));
}

/** The leaves of the copy's head, from the cache, a saved file or the copy: without them no node's word can be checked. */
async function copiedWorld(
  io: Io,
  api: ApiClient,
  { copy: { head }, fleetId, worldFile }: Asked,
): Promise<{ leaves: Leaf[] | null; isLost: boolean }> {
  if (head === null) return { leaves: null, isLost: false };
  const id = head.head.world;
  const stored = await api.world(id).catch((error: unknown) => {
    if (error instanceof ChimeraError && (error.code === "world-unknown" || error.code === "not-found"))
      return null;
    throw error;
  });
  const world = stored ?? (await ownWorld(io, { id, fleetId, worldFile }));
  const checked = checkWorld(world, { id, fleetId });
  checkSize(checked, head.head);
  return { leaves: checked.leaves, isLost: stored === null };
}

/** Throws world-unknown where it is in no file either. */
async function ownWorld(
  io: Io,
  { id, fleetId, worldFile }: { id: WorldId; fleetId: FleetId; worldFile: string | undefined },
): Promise<unknown> {
  if (worldFile !== undefined) return (await readBoundedFile(worldFile, WorldFile)).world;
  const leaves = await keptWorld(io, fleetId, id);
  if (leaves !== null) return { v: 1, leaves };
  throw new ChimeraError(
    "world-unknown",
    `the controller has lost world ${id} too: give it with --world FILE`,
  );
}
