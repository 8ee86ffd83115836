/** PURE. How a fleet moves to a head, as its operator signed it: in which waves, and what happens when nodes fail. */
import { z } from "zod";
import { Digest, IsoTime } from "../names.ts";
import { maxNodes } from "../signed/world.ts";

/** Canary, a few, a share, the rest: nobody needs more. */
export const maxWaves = 32;

export const RolloutPolicy = z.object({
  /** Who is in which wave lies beside the world, by the digest of each list: a head stays small. */
  waves: z
    .array(z.object({ list: Digest, size: z.int().positive().max(maxNodes) }))
    .min(1)
    .max(maxWaves),
  /** As many nodes may fail, over all waves, before the rollout ends. */
  maxFailed: z.int().min(0).max(maxNodes),
  onFailure: z.enum(["return", "pause"]),
  /** As many of a wave may be on their way at once; null: the whole wave activates together. */
  maxUnavailable: z.int().positive().max(maxNodes).nullable(),
  /** Of a wave's nodes, in per cent: as many must have committed, by their own signatures, before the next one goes. */
  proven: z.int().min(1).max(100),
  /** By then a node need not wait for the lead any longer; null: there is no such time. */
  deadline: IsoTime.nullable(),
  onDeadline: z.enum(["hold", "proceed"]),
});
export type RolloutPolicy = z.infer<typeof RolloutPolicy>;

/** How many nodes of a wave must have committed before the lead lets the next one go: at least one. */
export function provenOf({ proven }: Pick<RolloutPolicy, "proven">, size: number): number {
  return Math.max(1, Math.ceil((size * proven) / 100));
}

/** As many receipts, of 1.1 KB each, fit into one message of NATS, and prove a wave of any size. */
export const maxReceipts = 500;

/** How many receipts of a wave a node of the next one asks for. */
export function receiptsOf(policy: Pick<RolloutPolicy, "proven">, size: number): number {
  return Math.min(maxReceipts, provenOf(policy, size));
}

/** `nowMs` is UTC. Without a deadline it never is. */
export function isPastDeadline({ deadline }: Pick<RolloutPolicy, "deadline">, nowMs: number): boolean {
  return deadline !== null && nowMs > Date.parse(deadline);
}
