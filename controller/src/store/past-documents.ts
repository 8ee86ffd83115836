/** SHELL. Panics, orders and rollout records that the bucket still keeps, each with the time at which it was stored. */
import { StandingOrders } from "@chimera/proto/api";
import type { FleetId } from "@chimera/proto/names";
import { maxKept, maxPastOrders, type PastDocuments, type StoredEnvelope } from "@chimera/proto/past-api";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import type { Bucket } from "./bucket.ts";
import { readJson, storedMsOf } from "./read-envelope.ts";

/** In characters of JSON: an answer that nobody can hold helps nobody. */
const maxOrderText = 8 << 20;

/** One key after the other: each history alone may have many megabytes. */
export async function readPast(bucket: Bucket, fleetId: FleetId): Promise<PastDocuments> {
  const panics = (await bucket.history([subjects.desired("panic", fleetId)])).slice(-maxKept);
  const rollouts = (await bucket.history([subjects.desired("rollout", fleetId)])).slice(-maxKept);
  const lists = await bucket.history([subjects.desired("order", fleetId), subjects.paced(fleetId)]);
  const single = await bucket.history([
    subjects.desired("quarantine", fleetId),
    subjects.rolloutAsk(fleetId),
  ]);
  const { kept, isCut } = newestOrders(eachOnce([...lists, ...single].toSorted((a, b) => a.seq - b.seq)));
  return {
    panics: eachOnce(panics),
    orders: kept,
    rollouts: rollouts.flatMap((message) => {
      const record = readJson(message, RolloutRecord);
      return record === undefined ? [] : [{ storedAt: storedAtOf(message), record }];
    }),
    isCut,
  };
}

/** At the first time at which it was there: a list of orders is written anew with each further one. */
function eachOnce(messages: readonly JsMsg[]): StoredEnvelope[] {
  const found = new Map<string, StoredEnvelope>();
  for (const message of messages) {
    for (const envelope of envelopesOf(message)) {
      if (!found.has(envelope.payload)) {
        found.set(envelope.payload, { storedAt: storedAtOf(message), envelope });
      }
    }
  }
  return [...found.values()];
}

function envelopesOf(message: JsMsg): Envelope[] {
  const list = readJson(message, StandingOrders)?.orders;
  if (list !== undefined) return list;
  const single = readJson(message, Envelope);
  return single === undefined ? [] : [single];
}

function newestOrders(orders: readonly StoredEnvelope[]): { kept: StoredEnvelope[]; isCut: boolean } {
  const kept: StoredEnvelope[] = [];
  let size = 0;
  for (const order of orders.toReversed()) {
    size += JSON.stringify(order).length;
    if (size > maxOrderText || kept.length === maxPastOrders) return { kept: kept.toReversed(), isCut: true };
    kept.push(order);
  }
  return { kept: kept.toReversed(), isCut: false };
}

function storedAtOf(message: JsMsg): string {
  return new Date(storedMsOf(message)).toISOString();
}
