/**
 * PURE. The lead node's record of a rollout. It is not signed: all it can do is delay, let nodes go that the wave before has
 * proved by its own signatures, and go back where the head consents.
 */
import { z } from "zod";
import { Count, Digest, IsoTime, NodeName, Word } from "../names.ts";
import { Nonce } from "../signed/order.ts";
import { maxNodes } from "../signed/world.ts";
import { maxWaves } from "./rollout-policy.ts";

/** As many failed nodes are named; the count is right all the same. */
export const maxNamedFailures = 50;

/** Nobody takes so many, and one more is still exact. */
export const maxLease = 2 ** 40;

export const RolloutPhase = z.enum(["staging", "waves", "paused", "committed", "returned"]);
export type RolloutPhase = z.infer<typeof RolloutPhase>;

/** A bit for each node of the largest world, as base64. */
const maxAbsent = 4 * Math.ceil(Math.ceil(maxNodes / 8) / 3);

/** Every wave before `wave`, and of that one the first so many nodes of its list; but not who was absent then (absent-nodes.ts). */
export const Released = z.object({
  wave: z.int().min(0).max(maxWaves),
  first: Count,
  /** Only where a number may be on its way at once. An agent that is older than this goes when it returns. */
  absent: z.string().max(maxAbsent).optional(),
});
export type Released = z.infer<typeof Released>;

export const FailedNode = z.object({
  node: NodeName,
  /** Shown only: a word that a newer lead knows is no reason to disregard who may go. */
  state: Word.nullable(),
  reason: z.string().max(256),
  /** An operator has seen it, and gone on over it. */
  isSeen: z.literal(true).optional(),
});
export type FailedNode = z.infer<typeof FailedNode>;

export const RolloutRecord = z.object({
  v: z.literal(1),
  /** Id of the head that it is about: every other record is ignored. */
  head: Digest,
  /** Of that head: a lead of an older one leaves the record of a newer one alone. Absent in records of the first agents. */
  place: z.object({ epoch: Count, serial: Count }).optional(),
  /** Rises with each lead that takes the lease: an older lead's record is ignored. */
  lease: z.int().min(0).max(maxLease),
  phase: RolloutPhase,
  reason: z.string().max(1024),
  at: IsoTime,
  /** Whose lease it is: a node's name, or the controller's. Absent in records of the first agents. */
  lead: z.string().max(64).optional(),
  /** Who may go; absent or null: nobody yet. */
  released: Released.nullable().optional(),
  failed: z.array(FailedNode).max(maxNamedFailures).optional(),
  failedCount: Count.optional(),
  /** As many failures an operator has seen and gone on over. */
  tolerated: Count.optional(),
  /** What an operator asked last, and the lead has answered. */
  answered: z.object({ nonce: Nonce, createdAt: IsoTime }).optional(),
});
export type RolloutRecord = z.infer<typeof RolloutRecord>;

/** One step of a rollout, however often it is told. */
export function stepOf({ head, lease, lead, phase, reason, released }: RolloutRecord): string {
  return JSON.stringify([head, lease, lead ?? null, phase, reason, released ?? null]);
}

/** Whether it was written after that time, or just then, by its own word. */
export function cameAfter({ at }: Pick<RolloutRecord, "at">, time: string): boolean {
  return Date.parse(at) >= Date.parse(time);
}

/**
 * Whether whoever knows one record of a head heeds another one: a lead that lost its lease may still write, and after an end nothing
 * follows. Null: none is known. Records of different heads say nothing of each other.
 *
 * @param isEnd whether for whoever asks the known one is that: anybody can write that everybody has committed, so it is the end
 * only for who has; that the fleet went back is one where its head consents to that (`hasReturned`)
 */
export function mayFollow(
  known: RolloutRecord | null,
  next: RolloutRecord,
  isEnd: (known: RolloutRecord) => boolean,
): boolean {
  if (known === null || known.head !== next.head) return true;
  return !isEnd(known) && next.lease >= known.lease;
}
