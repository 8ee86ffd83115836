/** SHELL. What happened since a time, told entry by entry, and later what happened since then: nothing is told twice. */
import type { NodeName } from "@chimera/proto/names";
import type { FleetReader, HistoryReader } from "../documents/fleet-reader.ts";
import type { Entry } from "../print/timeline/entry.ts";
import { createBoots } from "./boots.ts";
import type { KindFilter } from "./kind-filter.ts";
import { readKnownDocuments, type KnownDocuments, type PastIo } from "./known-past.ts";
import { createOnce } from "./once.ts";
import { readEvents, type EventsRead } from "./read-events.ts";
import { documentEntries, documentNames, eventEntry, merged, type NamedEntry } from "./timeline-entries.ts";
import type { GistContext } from "../print/timeline/event-gist.ts";

/** As much of it as tells what happened, and whether there is more of it. */
interface FollowedReader extends HistoryReader {
  api: HistoryReader["api"] & Pick<FleetReader["api"], "documentsRevision">;
}

export interface LookOptions {
  reader: FollowedReader;
  filter: KindFilter;
  /** Undefined: all nodes. */
  node: NodeName | undefined;
  sinceMs: number;
}

interface Stretch {
  /** Infinity: up to what there is. */
  untilMs: number;
  /** Where the stretch before ended. */
  after?: number;
}

export type Look = (stretch: Stretch, tell: (entry: Entry) => void) => Promise<EventsRead>;

export function createLook(io: PastIo, { reader, filter, node, sinceMs }: LookOptions): Look {
  const once = createOnce();
  const isReboot = createBoots();
  const told = new Set<string>();
  const readPast = createPastReader(io, reader);
  const since = new Date(sinceMs).toISOString();
  return async ({ untilMs, after }, tell) => {
    const past = await readPast();
    const documents = documentEntries(past, node).filter(({ at }) => isWithin(at, sinceMs, untilMs));
    const until = untilMs === Infinity ? undefined : new Date(untilMs).toISOString();
    const read = readEvents(io, reader.api, { since, until, node, types: filter.types, after, once });
    const { events, end } = asEntries(read, { nameOf: documentNames(past), isReboot });
    for await (const { name, ...entry } of merged(documents, events)) {
      if (isNews(told, name, entry) && filter.kinds.has(entry.kind)) tell(entry);
    }
    return end();
  };
}

/** Reads the documents again only when their store has moved: there may be megabytes of them. */
function createPastReader(io: PastIo, reader: FollowedReader) {
  let known: { past: KnownDocuments; revision: number } | null = null;
  return async (): Promise<KnownDocuments> => {
    // Before the documents: what is written meanwhile is read once more.
    const revision = await reader.api.documentsRevision();
    if (known?.revision === revision) return known.past;
    // What is wrong with the past is said the first time.
    const past = await readKnownDocuments(known === null ? io : { ...io, err: () => undefined }, reader);
    known = { past, revision };
    return past;
  };
}

function isWithin(at: string, sinceMs: number, untilMs: number): boolean {
  const ms = Date.parse(at);
  return ms >= sinceMs && ms <= untilMs;
}

/** All documents are gone through each time; events go on where they ended. */
function isNews(told: Set<string>, name: string, { kind }: Entry): boolean {
  if (kind !== "order" && kind !== "rollout") return true;
  if (told.has(name)) return false;
  told.add(name);
  return true;
}

function asEntries(read: ReturnType<typeof readEvents>, context: GistContext) {
  let ended: EventsRead = { last: 0, oldestAt: null };
  async function* entries(): AsyncGenerator<NamedEntry> {
    let next = await read.next();
    for (; next.done !== true; next = await read.next()) yield eventEntry(next.value, context);
    ended = next.value;
  }
  return { events: entries(), end: () => ended };
}
