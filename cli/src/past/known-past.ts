/** SHELL. All that is known of a fleet's past: documents as they were signed, with the times at which they were stored. */
import { knownEvent } from "@chimera/proto/event";
import type { Digest } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { StoredEnvelope } from "@chimera/proto/past-api";
import type { OpenedOrder } from "@chimera/proto/signed/order";
import type { OpenedPanic } from "@chimera/proto/signed/panic";
import { comparePlace } from "@chimera/proto/signed/place";
import { knownHeads, type HistoryReader, type StoredKnownHead } from "../documents/fleet-reader.ts";
import { openSignedOrder, openSignedPanic } from "../documents/open-signed.ts";
import type { Io } from "../io.ts";
import { readEvents } from "./read-events.ts";

export type KnownPanic = OpenedPanic & { storedAt: string };
type KnownOrder = OpenedOrder & { storedAt: string };

/** Of a rollout, at the time at which it was heard of. */
interface HeardRecord {
  storedAt: string;
  record: RolloutRecord;
}

export interface KnownPast {
  /** Newest first. */
  heads: StoredKnownHead[];
  /** Of those that undo one of the heads; oldest first. */
  panics: KnownPanic[];
  /** Oldest first. */
  orders: KnownOrder[];
  /** Oldest first; each step once. What nobody signs. */
  records: HeardRecord[];
}

export async function readKnownPast(io: Io, reader: HistoryReader): Promise<KnownPast> {
  const { api, chain } = reader;
  const [heads, past] = await Promise.all([knownHeads(io, reader), api.pastDocuments()]);
  if (past.isCut)
    io.err("chimera: there are more past orders than the controller tells: older ones are left out\n");
  const ids = new Set<Digest>(heads.map(({ id }) => id));
  const panics = opened(io, past.panics, (envelope) => openSignedPanic(chain, envelope));
  const orders = opened(io, past.orders, (envelope) => openSignedOrder(chain, envelope));
  return {
    heads,
    panics: panics.filter(({ panic }) => ids.has(panic.undoes)),
    orders,
    records: await readRecords(io, reader, { heads, kept: past.rollouts }),
  };
}

/** What nobody of its role signed is told and left out: it was written past the controller. */
function opened<T extends object>(
  io: Io,
  stored: readonly StoredEnvelope[],
  open: (envelope: StoredEnvelope["envelope"]) => T,
): (T & { storedAt: string })[] {
  return stored.flatMap(({ envelope, storedAt }) => {
    try {
      return [{ ...open(envelope), storedAt }];
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      io.err(`warning: a document that was stored ${storedAt} is left out: ${errorChain(error)}\n`);
      return [];
    }
  });
}

/** The store keeps the newest writes; of those before, the nodes that led have told. */
async function readRecords(
  io: Io,
  { api }: HistoryReader,
  { heads, kept }: { heads: readonly StoredKnownHead[]; kept: readonly HeardRecord[] },
): Promise<HeardRecord[]> {
  const [first] = heads
    .filter(({ head }) => head.policy.rollout !== undefined)
    .toSorted((a, b) => comparePlace(a.head, b.head));
  if (first === undefined) return [...kept];
  const since = first.storedAt < first.head.createdAt ? first.storedAt : first.head.createdAt;
  const told: HeardRecord[] = [];
  for await (const { storedAt, event } of readEvents(io, api, { since, types: ["rollout-changed"] })) {
    const known = knownEvent(event);
    if (known?.type === "rollout-changed") told.push({ storedAt, record: known.data });
  }
  const known = new Set(kept.map(({ record }) => recordGist(record)));
  const older = told.filter(({ record }) => !known.has(recordGist(record)));
  return [...older, ...kept].toSorted((a, b) => (a.storedAt < b.storedAt ? -1 : 1));
}

/** One step of a rollout, however often it is told. */
export function recordGist({ head, lease, phase, reason, released }: RolloutRecord): string {
  return JSON.stringify([head, lease, phase, reason, released ?? null]);
}
