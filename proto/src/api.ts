/** PURE. The controller's HTTP API: bodies of /v1, token roles, problem documents. */
import { z } from "zod";
import { BuildStatus } from "./build-status.ts";
import { Envelope } from "./signed/envelope.ts";
import { NodeEvent } from "./event.ts";
import { Hardware } from "./hardware.ts";
import { RolloutRecord } from "./rollout/rollout-record.ts";
import { Panic } from "./signed/panic.ts";
import { ProposalKind } from "./signed/proposed.ts";
import { Head } from "./signed/head.ts";
import { HealthSample } from "./health.ts";
import { PublicKeyText } from "./signed/keys.ts";
import { Count, Digest, FleetId, IsoTime, NodeName, WorldId } from "./names.ts";
import { Beat, NodeStatus } from "./status.ts";
import { World } from "./signed/world.ts";

/** What a bearer token may do; `node` and `cache-writer` are not steps of the viewer-operator-admin ladder. */
export const TokenRole = z.enum(["viewer", "operator", "admin", "cache-writer", "node", "enroll"]);
export type TokenRole = z.infer<typeof TokenRole>;

/** RFC 9457; `code` is one of errors.ts. Media type application/problem+json. */
export const Problem = z.object({
  type: z.string().max(256),
  title: z.string().max(256),
  status: z.int(),
  detail: z.string().max(4096),
  code: z.string().max(64),
  /** The fields that are wrong, where the request had a body. */
  errors: z
    .array(z.object({ field: z.string().max(512), message: z.string().max(1024) }))
    .max(64)
    .optional(),
});
export type Problem = z.infer<typeof Problem>;

/** One stored head: the envelope as it was signed, and its place in the store. */
export const StoredHead = z.object({
  id: Digest,
  /** Revision of the KV entry: what a compare-and-set must name. */
  revision: Count,
  storedAt: IsoTime,
  signedBy: z.array(z.string().max(128)).max(32),
  head: Head,
  envelope: Envelope,
});
export type StoredHead = z.infer<typeof StoredHead>;

/** A stored panic, as it was signed. */
export const StoredPanic = z.object({
  id: Digest,
  revision: Count,
  storedAt: IsoTime,
  signedBy: z.array(z.string().max(128)).max(32),
  panic: Panic,
  envelope: Envelope,
});
export type StoredPanic = z.infer<typeof StoredPanic>;

/** GET /v1/fleet: all that decides what the fleet shall run, and the way to check it. */
export const FleetView = z.object({
  fleetId: FleetId,
  /** The newest head; null before the first. */
  head: StoredHead.nullable(),
  /** Revision to name when publishing the next head; 0 before the first. */
  revision: Count,
  /** The newest valid panic, also one that a newer head has ended. */
  panic: StoredPanic.nullable(),
  rollout: RolloutRecord.nullable(),
  /** Version of the newest key set. */
  keys: z.int().positive(),
});
export type FleetView = z.infer<typeof FleetView>;

/** PUT /v1/head: stored only when the newest revision is still the expected one. */
export const PutHead = z.object({ envelope: Envelope, expectedRevision: Count });
export type PutHead = z.infer<typeof PutHead>;

/** GET /v1/keys: every key set of the fleet, first to newest. PUT takes the next one. */
export const KeyChain = z.object({ keySets: z.array(Envelope).min(1).max(1024) });
export type KeyChain = z.infer<typeof KeyChain>;

/** PUT /v1/keys, /v1/panic, /v1/panic/ready, /v1/quarantine: one signed document. */
export const PutDocument = z.object({ envelope: Envelope });
export type PutDocument = z.infer<typeof PutDocument>;
export const DocumentStored = z.object({ id: Digest, revision: Count });
export type DocumentStored = z.infer<typeof DocumentStored>;

/** POST /v1/panic/release: the head that it is to undo, by serial or id, so that no other one is undone by a late press. */
export const ReleasePanic = z
  .object({ serial: Count.optional(), head: Digest.optional(), dryRun: z.boolean().default(false) })
  .refine(({ serial, head }) => serial !== undefined || head !== undefined, "serial or head is due");
export type ReleasePanic = z.infer<typeof ReleasePanic>;
export const PanicReleased = z.object({
  /** Of the panic; `revision` is null where it was not released (dryRun). */
  id: Digest,
  revision: Count.nullable(),
  /** The head that it undoes. */
  serial: Count,
  head: Digest,
  /** The world that the fleet goes back to. */
  world: WorldId,
  /** Whether it had been released before. */
  before: z.boolean(),
});
export type PanicReleased = z.infer<typeof PanicReleased>;

/** GET /v1/panic/ready, /v1/quarantine: null where there is none. */
export const DocumentFound = z.object({ envelope: Envelope.nullable() });
export type DocumentFound = z.infer<typeof DocumentFound>;

/** Orders that nodes which were away shall still carry out: kept until each one's `notAfter`. */
export const StandingOrders = z.object({ v: z.literal(1), orders: z.array(Envelope).max(256) });
export type StandingOrders = z.infer<typeof StandingOrders>;

/** What a node answers to an order that it was sent. */
export const OrderAnswer = z.discriminatedUnion("kind", [
  /** On disk, with the node's signed receipt. */
  z.object({
    kind: z.literal("accepted"),
    receipt: Envelope,
    /** To an order that asks for something: the answer, signed by the node. */
    shown: Envelope.optional(),
  }),
  z.object({ kind: z.literal("refused"), code: z.string().max(64), message: z.string().max(2048) }),
]);
export type OrderAnswer = z.infer<typeof OrderAnswer>;

/**
 * What a node says on its ack subject: a signed receipt, or why it did not carry out an order that it was sent. An order's
 * answer comes here and not to an inbox: who asks must not choose where a node publishes. `id` tells whose answer it is.
 */
export const AckMessage = z.union([
  Envelope,
  z.object({ receipt: Envelope, shown: Envelope }),
  z.object({
    refused: z.object({
      /** SHA-256 of the order's payload; null where the message held no document. */
      id: Digest.nullable(),
      code: z.string().max(64),
      message: z.string().max(2048),
    }),
  }),
]);
export type AckMessage = z.infer<typeof AckMessage>;

/** POST /v1/orders {envelope}: what became of it on each node; `silent` ones get it when they come back. */
export const OrderResult = z.object({
  id: Digest,
  answers: z
    .array(
      z.object({
        node: NodeName,
        answer: z.union([
          OrderAnswer,
          z.object({ kind: z.literal("silent") }),
          /** Others run it first: it is sent the order when its turn has come. */
          z.object({ kind: z.literal("waiting") }),
        ]),
      }),
    )
    .max(10_000),
});
export type OrderResult = z.infer<typeof OrderResult>;

/** What waits for signatures. Its id is the SHA-256 of the payload, so nobody can change what others sign. */
export const Proposal = z.object({
  id: Digest,
  kind: ProposalKind,
  envelope: Envelope,
  /** When its first signature came. */
  createdAt: IsoTime,
});
export type Proposal = z.infer<typeof Proposal>;

/** GET /v1/proposals: newest first. PUT /v1/proposals/<id> {envelope} adds the envelope's signatures. */
export const maxProposals = 64;
export const ProposalList = z.object({ proposals: z.array(Proposal).max(maxProposals) });
export type ProposalList = z.infer<typeof ProposalList>;

/** GET /v1/heads: newest first. */
export const HeadList = z.object({ heads: z.array(StoredHead).max(64) });
export type HeadList = z.infer<typeof HeadList>;

/** PUT and GET /v1/worlds/<id> carry a World; the id must be its root. */
export const PutWorldResult = z.object({ id: WorldId, size: Count });
export type PutWorldResult = z.infer<typeof PutWorldResult>;
export const WorldBody = World;
export type WorldBody = z.infer<typeof WorldBody>;

/** All that is known of one node. Absent parts were never reported. */
export const NodeView = z.object({
  node: NodeName,
  nodeKey: PublicKeyText.nullable(),
  status: NodeStatus.nullable(),
  /** Whether the status is signed by the registered node key: the controller's word. */
  verified: z.boolean(),
  /** The status as the node signed it, for whoever checks for himself: of one node, and with ?envelopes=true of all. */
  envelope: Envelope.optional(),
  beat: Beat.extend({ at: IsoTime }).nullable(),
  health: HealthSample.nullable(),
  hardware: Hardware.nullable(),
  build: BuildStatus.nullable(),
});
export type NodeView = z.infer<typeof NodeView>;

/** GET /v1/nodes, sorted by name; GET /v1/nodes/<node> is one NodeView. */
export const NodeList = z.object({ nodes: z.array(NodeView).max(10_000) });
export type NodeList = z.infer<typeof NodeList>;

/** GET /v1/nodes/<node>/events?type=drift-reverted&limit=50: newest first. PUT /v1/nodes/<node>/build takes a BuildStatus. */
export const EventList = z.object({ events: z.array(NodeEvent).max(1000) });
export type EventList = z.infer<typeof EventList>;
