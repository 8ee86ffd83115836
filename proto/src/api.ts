/** PURE. The controller's HTTP API: bodies of /v1, token roles, problem documents. */
import { z } from "zod";
import { BuildStatus } from "./build-status.ts";
import { Envelope } from "./signed/envelope.ts";
import { NodeEvent } from "./event.ts";
import { Hardware } from "./hardware.ts";
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
  signedBy: z.array(z.string().max(128)).max(16),
  head: Head,
  envelope: Envelope,
});
export type StoredHead = z.infer<typeof StoredHead>;

/** GET /v1/fleet */
export const FleetView = z.object({
  fleetId: FleetId,
  /** The newest head; null before the first. */
  head: StoredHead.nullable(),
  /** Revision to name when publishing the next head; 0 before the first. */
  revision: Count,
});
export type FleetView = z.infer<typeof FleetView>;

/** PUT /v1/head: stored only when the newest revision is still the expected one. */
export const PutHead = z.object({ envelope: Envelope, expectedRevision: Count });
export type PutHead = z.infer<typeof PutHead>;

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
  /** Whether the status is signed by the registered node key. */
  verified: z.boolean(),
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
