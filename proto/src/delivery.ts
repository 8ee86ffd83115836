/**
 * PURE. What reaches a node by ssh instead of NATS and HTTP: the same signed documents with their leaf and closure list, and
 * what the node answers. Whoever carries a bundle adds nothing to it: each part is judged like one from the store.
 */
import { z } from "zod";
import { FleetId, NodeName } from "./names.ts";
import { RolloutRecord } from "./rollout/rollout-record.ts";
import { ClosureList } from "./signed/closure.ts";
import { Envelope } from "./signed/envelope.ts";
import { LeafProof } from "./signed/world.ts";

/** Bytes of a bundle: the closure list is nearly all of it. */
export const maxBundleBytes = 130 << 20;
/** Key sets in one bundle: a node that is further behind takes several. */
export const maxDeliveredKeySets = 16;

/** What the agent judges, in the order in which it decides. */
export const DeliveredDocuments = z.object({
  /** Those after the node's own, lowest first. */
  keySets: z.array(Envelope).max(maxDeliveredKeySets),
  fresh: Envelope.nullable(),
  /** `undone`: the head that it undoes, for a node that has not accepted it. */
  panic: z.object({ envelope: Envelope, undone: Envelope.nullable() }).nullable(),
  head: z.object({ envelope: Envelope, proof: LeafProof }).nullable(),
});
export type DeliveredDocuments = z.infer<typeof DeliveredDocuments>;

export const Delivery = z.object({
  v: z.literal(1),
  kind: z.literal("delivery"),
  fleetId: FleetId,
  /** For this node alone. */
  node: NodeName,
  documents: DeliveredDocuments,
  /** Of the delivered leaf; null where the node has it, or can get it elsewhere. */
  closure: ClosureList.nullable(),
});
export type Delivery = z.infer<typeof Delivery>;

/** What became of one delivered document. */
export const DeliveryVerdict = z.object({
  document: z.enum(["keys", "fresh", "panic", "head"]),
  verdict: z.enum(["accepted", "known", "refused"]),
  /** Of a refusal; null otherwise. */
  code: z.string().max(64).nullable(),
  reason: z.string().max(2048),
});
export type DeliveryVerdict = z.infer<typeof DeliveryVerdict>;

/** How far a node is, with all that proves it to somebody who has the fleet's key sets. */
export const NodeReport = z.object({
  /** As the node would send it to NATS, signed by its own key; its newest receipt is in there. */
  status: Envelope,
  /** The accepted ones. */
  keys: Envelope.nullable(),
  head: Envelope.nullable(),
  panic: Envelope.nullable(),
  /** Signed by nobody: a rollout that was returned, as the node saw it. */
  rollout: RolloutRecord.nullable(),
  /** This node's leaves of the worlds that it accepted, newest last. */
  proofs: z.array(LeafProof).max(16),
});
export type NodeReport = z.infer<typeof NodeReport>;

/** Each line that the agent's commands say for a program begins so: what a login shell says beside it is passed over. */
export const answerMark = "@chimera ";
