/** PURE. Events of a node: CloudEvents 1.0 in JSON format, with our types. */
import { z } from "zod";
import { ToldDrift } from "./drift.ts";
import { Count, Digest, IsoTime, NodeName, StorePath, Word, WorldId } from "./names.ts";
import { RolloutRecord } from "./rollout/rollout-record.ts";
import { SessionName } from "./sessions/session.ts";
import { Envelope } from "./signed/envelope.ts";
import { Place } from "./signed/place.ts";

const problem = { code: z.string().max(64), message: z.string().max(2048) };

/** Documents as events and messages name them. */
export const DocumentName = z.enum(["keys", "head", "panic", "order", "fresh", "rollout", "leaf"]);
export type DocumentName = z.infer<typeof DocumentName>;

/** What happened, by type; the last word of the type is also the last token of the subject. */
export const NodeEventBody = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("agent-started"),
    data: z.object({
      version: z.string().max(64),
      path: StorePath.nullable(),
      /** Another one than before: the machine was restarted. Absent from the first agents, as all that is optional here. */
      bootId: z.string().max(64).optional(),
      bootedAt: IsoTime.optional(),
    }),
  }),
  z.object({
    type: z.literal("document-accepted"),
    data: z.object({
      document: DocumentName,
      id: Digest,
      signedBy: z.array(z.string().max(128)).max(32),
      /** Of a head or panic. */
      epoch: Count.nullable(),
      serial: Count.nullable(),
      world: WorldId.nullable(),
    }),
  }),
  z.object({
    type: z.literal("document-refused"),
    data: z.object({
      ...problem,
      document: DocumentName,
      /** Id of what was refused; null where it is no document at all. */
      id: Digest.nullable(),
      /** Keys whose signatures counted. */
      signedBy: z.array(z.string().max(128)).max(32),
      /** Keys that it says it is signed by. */
      claims: z.array(z.string().max(128)).max(32),
    }),
  }),
  z.object({
    type: z.literal("state-changed"),
    data: z.object({
      from: Word,
      to: Word,
      toplevel: StorePath.nullable(),
      /** Why the system needs a restart, where the node waits for one or does it. */
      reasons: z.array(z.string().max(512)).max(32).optional(),
      /** What the node carries out; a way back stands one rank above the head that it undoes. */
      order: Place.extend({ id: Digest, local: z.enum(["apply", "revert"]).nullable() }).optional(),
      /** What went wrong on the way there. */
      problem: z.object(problem).nullable().optional(),
    }),
  }),
  z.object({
    type: z.literal("activation-finished"),
    data: z.object({
      toplevel: StorePath,
      result: z.enum(["ok", "failed", "timeout", "needs-reboot"]),
      exitCode: z.int().nullable(),
      ms: Count,
      failedUnits: z.array(z.string().max(256)).max(50),
    }),
  }),
  /** A committed system no longer shows what its checks ask for. */
  z.object({
    type: z.literal("unhealthy"),
    data: z.object({
      toplevel: StorePath,
      check: z.string().max(64),
      message: z.string().max(2048),
      /** What it does about that. */
      action: Word,
    }),
  }),
  /** It shows again what the check asks for. */
  z.object({
    type: z.literal("healthy"),
    data: z.object({ toplevel: StorePath, check: z.string().max(64) }),
  }),
  /** The node's signed word on a head or panic that it has carried out, or come to rest with: what outlives its status. */
  z.object({ type: z.literal("receipt"), data: z.object({ receipt: Envelope }) }),
  /** From the node that leads: its record, which nobody signs, and of which the store keeps the newest few. */
  z.object({
    type: z.literal("rollout-changed"),
    data: RolloutRecord.omit({ answered: true, failed: true, tolerated: true }),
  }),
  /** Root did something on the node itself. */
  z.object({
    type: z.literal("local-order"),
    data: z.object({
      action: z.enum(["apply", "revert", "hold", "release", "ended"]),
      toplevel: StorePath.nullable(),
      until: IsoTime.nullable(),
      author: z.string().max(256),
      reason: z.string().max(1024),
    }),
  }),
  z.object({ type: z.literal("drift-found"), data: ToldDrift }),
  z.object({
    type: z.literal("drift-reverted"),
    data: z.object({
      item: ToldDrift,
      ms: Count,
      note: z.string().max(2048).optional(),
      /** The node keeps what was there under this name; content stays there. */
      evidence: z.string().max(256).optional(),
    }),
  }),
  z.object({ type: z.literal("drift-unreverted"), data: z.object({ item: ToldDrift, ...problem }) }),
  /** Of a storm: those that are not told by an event of their own. */
  z.object({
    type: z.literal("drift-summed"),
    data: z.object({
      found: Count,
      reverted: Count,
      unreverted: Count,
      /** Of how many that were put back the node keeps what was there. */
      evidence: Count,
      from: IsoTime,
      until: IsoTime,
      /** The first of them. */
      paths: z.array(z.string().max(4096)).max(16),
    }),
  }),
  /** Somebody held the keyboard of a session: how many bytes he typed, and never which. */
  z.object({
    type: z.literal("keyboard-held"),
    data: z.object({
      session: SessionName,
      /** Of the order that gave it. */
      order: Digest,
      holder: z.string().max(256),
      since: IsoTime,
      typedBytes: Count,
      /** Messages that came for it and did not count: of others, again, or no keys at all. */
      refused: Count,
      /** Why it ended. */
      reason: z.string().max(512),
    }),
  }),
  z.object({ type: z.literal("alarm"), data: z.object(problem) }),
]);
export type NodeEventBody = z.infer<typeof NodeEventBody>;
export type NodeEventType = NodeEventBody["type"];

const attributes = z.object({
  specversion: z.literal("1.0"),
  id: z.string().max(64),
  source: NodeName,
  time: IsoTime,
  datacontenttype: z.literal("application/json"),
});

/** CloudEvents 1.0 attributes; `source` is the node's name, `id` is unique for that source. */
export const NodeEvent = z.intersection(attributes, NodeEventBody);
export type NodeEvent = z.infer<typeof NodeEvent>;

/** What an agent says that is newer than its reader: shown as it is, not understood. */
export const ForeignEvent = attributes.extend({
  type: Word,
  data: z.unknown(),
  /** That it is there says that nobody knew the type. */
  foreign: z.boolean().default(true),
});
export type ForeignEvent = z.infer<typeof ForeignEvent>;

/** With its type understood; null for one that says what this reader does not know. */
export function knownEvent(event: NodeEvent | ForeignEvent): NodeEvent | null {
  return "foreign" in event ? null : event;
}
