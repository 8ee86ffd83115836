/** PURE. Whether this node is to run a lead's program, and for which head. */
import { hasReturned } from "@chimera/proto/effective";
import type { Digest } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Head } from "@chimera/proto/signed/head";

export interface SessionSight {
  /** What the node has accepted; null before anything. */
  state: {
    head: {
      id: Digest;
      head: Pick<Head, "epoch" | "serial" | "policy" | "revertTo" | "consentUntil">;
    } | null;
    panic: object | null;
  } | null;
  /** About the accepted head; null where no lead has begun. */
  record: RolloutRecord | null;
  /** As the node's module says. */
  isEligible: boolean;
  /** UTC. */
  nowMs: number;
}

/** Null where nobody is to lead here: without waves, after a panic, and when the rollout is over. */
export function wantedSession({
  state,
  record,
  isEligible,
  nowMs,
}: SessionSight): { head: Digest; epoch: number; serial: number } | null {
  if (!isEligible || state === null || state.head === null || state.panic !== null) return null;
  const { head, id } = state.head;
  if (head.policy.rollout === undefined) return null;
  return record?.head === id && isOver(record, head, nowMs)
    ? null
    : { head: id, epoch: head.epoch, serial: head.serial };
}

/** Everybody has it, or went back with the head's consent. */
export function isOver(
  record: RolloutRecord,
  head: Pick<Head, "revertTo" | "consentUntil">,
  nowMs: number,
): boolean {
  return record.phase === "committed" || hasReturned(record, head, nowMs);
}
