/** PURE. Documents and events as one list in the order in which store and stream took them, each said once. */
import { knownEvent } from "@chimera/proto/event";
import type { StoredEvent } from "@chimera/proto/past-api";
import type { NodeName } from "@chimera/proto/names";
import { stepOf } from "@chimera/proto/rollout/rollout-record";
import { isFor } from "@chimera/proto/signed/order";
import { showPlace } from "@chimera/proto/signed/place";
import { headEntry, orderEntry, panicEntry, recordEntry } from "../print/timeline/document-entry.ts";
import type { Entry } from "../print/timeline/entry.ts";
import { eventGist, type GistContext } from "../print/timeline/event-gist.ts";
import { isOwnWord, type KnownDocuments } from "./known-past.ts";

export interface NamedEntry extends Entry {
  /** What it is about, once and for ever. */
  name: string;
}

/** Sorted by when they were stored. `node`: only what is for it. */
export function documentEntries(past: KnownDocuments, node: NodeName | undefined): NamedEntry[] {
  const nameOf = documentNames(past);
  const orders = past.orders.filter(({ order }) => node === undefined || isFor(order, node));
  return [
    ...past.heads.map(({ id, head, ...stored }) => ({
      name: id,
      ...headEntry({ document: head, ...stored }),
    })),
    ...past.panics.map(({ id, panic, ...stored }) => ({
      name: id,
      ...panicEntry({ document: panic, ...stored }),
    })),
    ...orders.map(({ id, order, ...stored }) => ({
      name: id,
      ...orderEntry({ document: order, ...stored }),
    })),
    ...past.records.map(({ record, storedAt }) => ({
      name: stepOf(record),
      ...recordEntry(record, storedAt, nameOf(record.head) ?? "a head that is not kept"),
    })),
  ]
    .map((entry) => ({ ...entry, lateMs: lateness(entry.at, entry.saidAt) }))
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** What people call a document: "head 0.7 (anna)". */
export function documentNames({
  heads,
  panics,
}: Pick<KnownDocuments, "heads" | "panics">): GistContext["nameOf"] {
  const names = new Map<string, string>([
    ...heads.map(({ id, head }): [string, string] => [id, `head ${showPlace(head)} (${head.author})`]),
    ...panics.map(({ id, panic }): [string, string] => [id, `panic ${showPlace({ ...panic, rank: 1 })}`]),
  ]);
  return (id) => names.get(id);
}

export function eventEntry({ event, storedAt }: StoredEvent, context: GistContext): NamedEntry {
  const known = knownEvent(event);
  return {
    // A lead's own word may be known from the store already.
    name:
      known?.type === "rollout-changed" && isOwnWord(known)
        ? stepOf(known.data)
        : `${event.source} ${event.id}`,
    at: storedAt,
    saidAt: event.time,
    lateMs: lateness(storedAt, event.time),
    node: event.source,
    signed: false,
    ...eventGist(event, context),
    data: { type: event.type, ...asObject(event.data) },
  };
}

function lateness(at: string, saidAt: string | null): number {
  return saidAt === null ? 0 : Date.parse(at) - Date.parse(saidAt);
}

function asObject(data: unknown): object {
  return typeof data === "object" && data !== null && !Array.isArray(data) ? data : { value: data };
}

/** `documents` is sorted by time already, and so are the events. Each name once. */
export async function* merged(
  documents: readonly NamedEntry[],
  events: AsyncIterable<NamedEntry>,
): AsyncGenerator<NamedEntry> {
  const known = new Set(documents.map(({ name }) => name));
  let next = 0;
  for await (const event of events) {
    for (let one = documents[next]; one !== undefined && one.at <= event.at; one = documents[next]) {
      next += 1;
      yield one;
    }
    if (!known.has(event.name)) yield event;
  }
  yield* documents.slice(next);
}
