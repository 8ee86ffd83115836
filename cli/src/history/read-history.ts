/** SHELL. The history of a fleet: its documents, what became of each on every node, and how its rollout ended. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName, WorldId } from "@chimera/proto/names";
import pLimit from "p-limit";
import type { FleetReader } from "../documents/fleet-reader.ts";
import { checkView } from "../fleet/check-view.ts";
import { verifiedWorld } from "../fleet/current-fleet.ts";
import type { Io } from "../io.ts";
import { readKnownPast } from "../past/known-past.ts";
import { readEvents } from "../past/read-events.ts";
import { rolloutWord, type RolloutWord } from "../past/rollout-voices.ts";
import { historyDocuments, sinceOf, type HistoryDocument } from "./documents.ts";
import { createLedger, type Ledger, type Roster } from "./ledger.ts";
import type { NodeResult } from "./outcome.ts";

export interface HistoryItem {
  document: HistoryDocument;
  /** Null where its world is not to be had: who it was for, and whose keys count, is unknown then. */
  roster: Roster | null;
  results: ReadonlyMap<NodeName, NodeResult>;
  /** Null where there were no waves, or no word of its lead is kept. */
  rollout: RolloutWord | null;
}

export interface History {
  /** Newest first. */
  items: HistoryItem[];
  /** As many documents are older than these. */
  more: number;
  /** Of the oldest event that is kept; null where there is none. */
  oldestAt: string | null;
}

export interface HistoryQuery {
  /** Those that are to be told of. */
  pick: (documents: readonly HistoryDocument[]) => readonly HistoryDocument[];
  /** Also why nodes went where they are. */
  withReasons: boolean;
}

/** However many events there are, one page of them is held, and of each node and document one word. */
export async function readHistory(io: Io, reader: FleetReader, query: HistoryQuery): Promise<History> {
  const { api, fleetId } = reader;
  const [past, { heads }, views] = await Promise.all([readKnownPast(io, reader), api.heads(), api.nodes()]);
  const all = historyDocuments(heads, past);
  const picked = query.pick(all);
  const rosters = await readRosters(api, picked);
  const rosterOf = ({ world }: HistoryDocument) => (world === null ? null : (rosters.get(world) ?? null));
  const items = picked.map((document) => {
    const roster: Roster = rosterOf(document) ?? new Map();
    return { id: document.id, kind: document.kind, roster };
  });
  const ledger = createLedger(fleetId, items);
  const oldestAt = picked.length === 0 ? null : await takeEvents(io, reader, { ledger, picked, query });
  const keyOf = keysOf(items.map(({ roster }) => roster));
  for (const view of views) ledger.takeView(checkView(view, fleetId, keyOf));
  if (ledger.forged() > 0) {
    io.err(`warning: ${ledger.forged()} receipts are not signed by their nodes' keys, and left out\n`);
  }
  return {
    items: picked.map((document) => ({
      document,
      roster: rosterOf(document),
      results: ledger.resultsOf(document.id),
      rollout: document.kind === "head" ? rolloutWord(past.records, document.head) : null,
    })),
    more: all.length - picked.length,
    oldestAt,
  };
}

/** A world as it comes has megabytes: few at once, and of each only what is needed is kept. */
const worldsAtOnce = 4;

async function readRosters(
  api: FleetReader["api"],
  documents: readonly HistoryDocument[],
): Promise<Map<WorldId, Roster>> {
  const worlds = [...new Set(documents.flatMap(({ world }) => world ?? []))];
  const limit = pLimit(worldsAtOnce);
  const rosters = new Map<WorldId, Roster>();
  await Promise.all(
    worlds.map((world) =>
      limit(async () => {
        const roster = await readRoster(api, world);
        if (roster !== null) rosters.set(world, roster);
      }),
    ),
  );
  return rosters;
}

async function readRoster(api: FleetReader["api"], world: WorldId): Promise<Roster | null> {
  try {
    const leaves = await verifiedWorld(api, world);
    return new Map(leaves.map(({ node, nodeKey, toplevel }) => [node, { nodeKey, toplevel }]));
  } catch (error) {
    if (error instanceof ChimeraError && error.code === "world-unknown") return null;
    throw error;
  }
}

/** The newest leaf's key of each node. */
function keysOf(rosters: readonly Roster[]) {
  return (node: NodeName) => rosters.find((roster) => roster.has(node))?.get(node)?.nodeKey ?? null;
}

const endTypes = ["receipt", "document-accepted", "document-refused"];
const tellEvery = 20_000;

interface Reading {
  ledger: Ledger;
  picked: readonly HistoryDocument[];
  query: HistoryQuery;
}

async function takeEvents(
  io: Io,
  { api }: FleetReader,
  { ledger, picked, query }: Reading,
): Promise<string | null> {
  const types = query.withReasons ? [...endTypes, "state-changed"] : endTypes;
  const read = readEvents(io, api, { since: sinceOf(picked), types });
  let next = await read.next();
  for (let count = 1; next.done !== true; count += 1) {
    ledger.takeEvent(next.value);
    if (io.errTty && count % tellEvery === 0) io.err(`chimera: ${count} events read\n`);
    next = await read.next();
  }
  return next.value.oldestAt;
}
