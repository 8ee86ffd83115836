/** SHELL. All that is known of a fleet's past: documents as they were signed, with the times at which they were stored. */
import { knownEvent, type NodeEvent } from "@chimera/proto/event";
import type { Digest } from "@chimera/proto/names";
import { stepOf } from "@chimera/proto/rollout/rollout-record";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { StoredEnvelope } from "@chimera/proto/past-api";
import type { OpenedOrder } from "@chimera/proto/signed/order";
import type { OpenedPanic } from "@chimera/proto/signed/panic";
import { comparePlace } from "@chimera/proto/signed/place";
import { knownHeads, type HistoryReader, type StoredKnownHead } from "../documents/fleet-reader.ts";
import { openSignedOrder, openSignedPanic } from "../documents/open-signed.ts";
import type { Io } from "../io.ts";
import { printableLine } from "../print/printable.ts";
import { readEvents } from "./read-events.ts";
import type { PastRecord } from "./rollout-voices.ts";

/** All that it takes of the world outside. */
export type PastIo = Pick<Io, "err" | "signal">;

export type KnownPanic = OpenedPanic & { storedAt: string };
type KnownOrder = OpenedOrder & { storedAt: string };

export interface KnownDocuments {
  /** Newest first. */
  heads: StoredKnownHead[];
  /** Of those that undo one of the heads; oldest first. */
  panics: KnownPanic[];
  /** Oldest first. */
  orders: KnownOrder[];
  /** Of rollouts, oldest first: what the store keeps of them. Nobody signs it. */
  records: PastRecord[];
}

/** With what nodes told of rollouts that they led, beside the records that the store keeps. */
export type KnownPast = KnownDocuments;

export async function readKnownDocuments(io: PastIo, reader: HistoryReader): Promise<KnownDocuments> {
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
    records: past.rollouts.map((kept) => ({ ...kept, teller: null })),
  };
}

export async function readKnownPast(io: PastIo, reader: HistoryReader): Promise<KnownPast> {
  const documents = await readKnownDocuments(io, reader);
  const { heads, records: kept } = documents;
  const known = new Set(kept.map(({ record }) => stepOf(record)));
  const told = (await toldRecords(io, reader, heads)).filter(({ record }) => !known.has(stepOf(record)));
  return {
    ...documents,
    records: [...told, ...kept].toSorted((a, b) => (a.storedAt < b.storedAt ? -1 : 1)),
  };
}

/** What nobody of its role signed is told and left out: it was written past the controller. */
function opened<T extends object>(
  io: PastIo,
  stored: readonly StoredEnvelope[],
  open: (envelope: StoredEnvelope["envelope"]) => T,
): (T & { storedAt: string })[] {
  return stored.flatMap(({ envelope, storedAt }) => {
    try {
      return [{ ...open(envelope), storedAt }];
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      io.err(
        `warning: a document that was stored ${storedAt} is left out: ${printableLine(errorChain(error))}\n`,
      );
      return [];
    }
  });
}

/** The store keeps the newest writes; of those before, the nodes that led have told. Who says that another led says nothing. */
async function toldRecords(
  io: PastIo,
  { api }: HistoryReader,
  heads: readonly StoredKnownHead[],
): Promise<PastRecord[]> {
  const led = heads.filter(({ head }) => head.policy.rollout !== undefined);
  const [first] = led.toSorted((a, b) => comparePlace(a.head, b.head));
  if (first === undefined) return [];
  const ids = new Set<Digest>(led.map(({ id }) => id));
  const since = first.storedAt < first.head.createdAt ? first.storedAt : first.head.createdAt;
  const told = new Map<string, PastRecord>();
  for await (const { storedAt, event } of readEvents(io, api, { since, types: ["rollout-changed"] })) {
    const known = knownEvent(event);
    if (known?.type !== "rollout-changed" || !isOwnWord(known) || !ids.has(known.data.head)) continue;
    const step = stepOf(known.data);
    if (!told.has(step)) told.set(step, { storedAt, record: known.data, teller: known.source });
  }
  return [...told.values()];
}

/** Every node can tell every record: only what it says of itself is its word, as NATS lets nobody else use its subject. */
export function isOwnWord({ source, data }: Extract<NodeEvent, { type: "rollout-changed" }>): boolean {
  return data.lead === source;
}
