/** PURE. Whether this node is to run a lead's program, and for which head. */
import { hasReturned } from "@chimera/proto/effective";
import type { Digest } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Head } from "@chimera/proto/signed/head";
import type { EndedRollout } from "./ended-rollout.ts";

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
  /** What the store said last, of whatever head; undefined while it has said nothing. */
  stored: RolloutRecord | null | undefined;
  /** The end that this node's program has seen, with all that others need of it in the store; null before any. */
  ended: Pick<EndedRollout, "head" | "phase"> | null;
  /** As the node's module says. */
  isEligible: boolean;
  /** UTC. */
  nowMs: number;
}

/** Null where nobody is to lead here: without waves, after a panic, and when the rollout is over and the store tells so to everybody. */
export function wantedSession(sight: SessionSight): { head: Digest; epoch: number; serial: number } | null {
  const { state, record, isEligible, nowMs } = sight;
  if (!isEligible || state === null || state.head === null || state.panic !== null) return null;
  const { head, id } = state.head;
  if (head.policy.rollout === undefined) return null;
  const isEnd = (one: RolloutRecord | null) => one?.head === id && isOver(one, head, nowMs);
  return isEnd(record) && isTold(sight, id, isEnd)
    ? null
    : { head: id, epoch: head.epoch, serial: head.serial };
}

/** Nodes that were away need what the store has lost since, and nobody is to be told of another end. */
function isTold(
  { stored, ended }: SessionSight,
  head: Digest,
  isEnd: (one: RolloutRecord | null) => boolean,
): boolean {
  if (ended?.head !== head) return false;
  return stored === undefined || (isEnd(stored) && stored?.phase === ended.phase);
}

/** Everybody has it, or went back with the head's consent. */
export function isOver(
  record: RolloutRecord,
  head: Pick<Head, "revertTo" | "consentUntil">,
  nowMs: number,
): boolean {
  return record.phase === "committed" || hasReturned(record, head, nowMs);
}
