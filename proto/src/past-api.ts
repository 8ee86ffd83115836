/** PURE. The part of /v1 that tells of the past: events page by page, and the documents that the store still keeps. */
import { z } from "zod";
import { ForeignEvent, NodeEvent } from "./event.ts";
import { Count, IsoTime } from "./names.ts";
import { RolloutRecord } from "./rollout/rollout-record.ts";
import { Envelope } from "./signed/envelope.ts";

export const StoredEvent = z.object({
  /** Its place in the stream: rises. */
  seq: Count,
  /** When the stream took it, by the clock of NATS; the event's own `time` is by the node's. */
  storedAt: IsoTime,
  event: z.union([NodeEvent, ForeignEvent]),
});
export type StoredEvent = z.infer<typeof StoredEvent>;

export const maxPage = 1000;

/** GET /v1/events/page?since=…&until=…&type=a,b&node=n1&limit=500, then on with &after=<last>: oldest first. */
export const EventPage = z.object({
  events: z.array(StoredEvent).max(maxPage),
  /** Where to go on. Lower than the `after` that was asked for where the stream was lost and began anew. */
  last: Count,
  /** Whether there is more of what was asked for. */
  more: z.boolean(),
  /** Of the oldest event that is kept, of whatever kind; null where there is none. Before it nothing is known. */
  oldestAt: IsoTime.nullable(),
});
export type EventPage = z.infer<typeof EventPage>;

const StoredEnvelope = z.object({ storedAt: IsoTime, envelope: Envelope });
export type StoredEnvelope = z.infer<typeof StoredEnvelope>;

/** As many writes of one key the store keeps. */
export const maxKept = 64;
export const maxPastOrders = 512;

/**
 * GET /v1/documents: what the store keeps beside heads, oldest first. Nothing of it is checked on the way: signatures are
 * for the reader to verify, and a rollout record has none.
 */
export const PastDocuments = z.object({
  panics: z.array(StoredEnvelope).max(maxKept),
  /** Holds, releases, quarantine lists and what leads were asked, each once. */
  orders: z.array(StoredEnvelope).max(maxPastOrders),
  rollouts: z.array(z.object({ storedAt: IsoTime, record: RolloutRecord })).max(maxKept),
  /** Older ones were left out: they are too many, or too large. */
  isCut: z.boolean(),
});
export type PastDocuments = z.infer<typeof PastDocuments>;

/** GET /v1/documents/revision: another number than before where heads or anything of the above may be another one. */
export const DocumentsRevision = z.object({ revision: Count });
export type DocumentsRevision = z.infer<typeof DocumentsRevision>;
