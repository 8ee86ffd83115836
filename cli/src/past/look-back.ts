/** SHELL. What happened since a time, told entry by entry, and later what happened since then: nothing is told twice. */
import type { NodeName } from "@chimera/proto/names";
import type { FleetReader } from "../documents/fleet-reader.ts";
import type { Io } from "../io.ts";
import type { Entry } from "../print/timeline/entry.ts";
import { createBoots } from "./boots.ts";
import type { KindFilter } from "./kind-filter.ts";
import { readKnownPast } from "./known-past.ts";
import { createOnce } from "./once.ts";
import { readEvents, type EventsRead } from "./read-events.ts";
import { documentEntries, documentNames, eventEntry, merged, type NamedEntry } from "./timeline-entries.ts";
import type { GistContext } from "../print/timeline/event-gist.ts";

export interface LookOptions {
  reader: FleetReader;
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

export function createLook(io: Io, { reader, filter, node, sinceMs }: LookOptions): Look {
  const once = createOnce();
  const isReboot = createBoots();
  const told = new Set<string>();
  const since = new Date(sinceMs).toISOString();
  return async ({ untilMs, after }, tell) => {
    // What is wrong with the past is said the first time.
    const past = await readKnownPast(after === undefined ? io : { ...io, err: () => undefined }, reader);
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

function isWithin(at: string, sinceMs: number, untilMs: number): boolean {
  const ms = Date.parse(at);
  return ms >= sinceMs && ms <= untilMs;
}

/** Documents are read anew each time; events go on where they ended. */
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
