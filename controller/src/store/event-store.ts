/** SHELL. What nodes reported, straight from the stream: the newest of a kind, or page by page from a time on. */
import { ForeignEvent, NodeEvent, type NodeEventType } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { FleetId } from "@chimera/proto/names";
import { maxPage, type EventPage, type StoredEvent } from "@chimera/proto/past-api";
import { streams } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import type { NatsLink } from "./connection.ts";
import { storedMsOf } from "./read-envelope.ts";
import { readNewest, readPage, streamState } from "./read-stream.ts";

export interface EventQuery {
  /** All nodes when absent. */
  node?: string | undefined;
  type?: NodeEventType | undefined;
  limit: number;
}

interface Source {
  link: NatsLink;
  fleetId: FleetId;
  log: Log;
}

export async function readEvents(
  { link, fleetId, log }: Source,
  { node = "*", type, limit }: EventQuery,
): Promise<NodeEvent[]> {
  const subject = `chimera.${fleetId}.event.${node}.${type ?? "*"}`;
  const messages = await readNewest(link, { stream: streams.events, subject, limit });
  return messages
    .map((message) => readEvent(message, log, parseKnown))
    .filter((event) => event !== undefined);
}

export interface PageQuery {
  /** All nodes, and all types, when absent. */
  node?: string | undefined;
  types?: readonly string[] | undefined;
  /** Milliseconds; of what the stream took at or after, and at or before. */
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  /** The `last` of the page before. */
  after?: number | undefined;
  limit: number;
}

/** Oldest first. What is of a type that nobody here knows is in it too. */
export async function readEventPage({ link, fleetId, log }: Source, query: PageQuery): Promise<EventPage> {
  const { last: newest, firstAt } = await streamState(link, streams.events);
  const oldestAt = firstAt === null ? null : new Date(firstAt).toISOString();
  const { after, limit, untilMs = Infinity } = query;
  if (after !== undefined && after >= newest) return { events: [], last: newest, more: false, oldestAt };
  const { messages, more } = await readPage(link, {
    stream: streams.events,
    subjects: subjectsOf(fleetId, query),
    from: startOf(query),
    limit: Math.min(limit, maxPage),
  });
  const within = messages.filter((message) => storedMsOf(message) <= untilMs);
  const isOver = within.length < messages.length;
  const events = within.flatMap((message) => storedEvent(message, log) ?? []);
  const reached = reachedBy(within, after);
  // What did not fit need not be looked at again.
  const last = more || isOver ? reached : Math.max(reached, newest);
  return { events, last, more: more && !isOver, oldestAt };
}

function reachedBy(messages: readonly JsMsg[], after = 0): number {
  return messages.at(-1)?.seq ?? after;
}

function subjectsOf(fleetId: FleetId, { node = "*", types = ["*"] }: PageQuery): string[] {
  return [...new Set(types)].map((type) => `chimera.${fleetId}.event.${node}.${type}`);
}

function startOf({ after, sinceMs = 0 }: PageQuery) {
  return after === undefined ? { time: new Date(sinceMs) } : { seq: after + 1 };
}

function storedEvent(message: JsMsg, log: Log): StoredEvent | undefined {
  const event = readEvent(message, log, parseAny);
  if (event === undefined) return undefined;
  return { seq: message.seq, storedAt: new Date(storedMsOf(message)).toISOString(), event };
}

const parseKnown = (value: unknown) => NodeEvent.safeParse(value).data;
/** One that says more than we know of its type, or less, is shown as well. */
const parseAny = (value: unknown) => parseKnown(value) ?? ForeignEvent.safeParse(value).data;

/** An event that names another node or type than its subject is not shown: the subject is what NATS checked. */
function readEvent<T extends { source: string; type: string }>(
  message: JsMsg,
  log: Log,
  parse: (value: unknown) => T | undefined,
): T | undefined {
  const [, , , node, type] = message.subject.split(".");
  try {
    const event = parse(message.json());
    if (event !== undefined && event.source === node && event.type === type) return event;
  } catch (error) {
    log.debug({ subject: message.subject, error }, "event is not JSON");
    return undefined;
  }
  log.debug({ subject: message.subject }, "event refused");
  return undefined;
}
