/**
 * PURE. Whether the rollout lets this node begin. The lead's record is signed by nobody, so a node of a later wave goes only
 * on the receipts of the wave before; and after the head's own deadline without any lead, where that says so.
 */
import { isPastDeadline, type RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import { indexOf, isAbsent, type WavePlace } from "@chimera/proto/rollout/absent-nodes";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Blocked } from "../reconcile/decision.ts";

export interface GateSight {
  /** Of the accepted head; undefined: everybody goes as soon as they can. */
  policy: RolloutPolicy | undefined;
  /** About the accepted head; null where no lead has begun. */
  record: RolloutRecord | null;
  /** Where this node stands in the signed waves; null while their lists could not be read. */
  place: WavePlace | null;
  /** Whether enough nodes of the wave before have proved it, by their own signatures. */
  isProven: boolean;
  /** No lead of this head was heard for long enough that one which lives would have been. */
  isLeadQuiet: boolean;
  /** UTC. */
  nowMs: number;
}

/** Null: it may go. What it waits for is data for the operator. */
export function gateOf(sight: GateSight): Blocked | null {
  const { policy, record, place } = sight;
  if (policy === undefined || isOverdue(policy, sight)) return null;
  if (place === null) return waits("the lists of the waves could not be read yet");
  const name = `wave ${place.wave + 1} of ${policy.waves.length}`;
  if (record === null) return waits(`${name}: no lead has begun with this head`);
  if (record.phase === "staging") return waits(`${name}: everybody gets ready first`);
  const sizes = policy.waves.map(({ size }) => size);
  if (!isLetGo(record, { ...place, index: indexOf(sizes, place) })) return waits(`${name}: ${record.reason}`);
  if (place.wave > 0 && !sight.isProven) return waits(`${name}: the wave before has not proved it`);
  return null;
}

/** A lead that stopped it still stops it, and one that is heard goes on: only one that is gone is not waited for. */
function isOverdue(policy: RolloutPolicy, { record, nowMs, isLeadQuiet }: GateSight): boolean {
  const isStopped = record?.phase === "paused" || record?.phase === "returned";
  return policy.onDeadline === "proceed" && isPastDeadline(policy, nowMs) && isLeadQuiet && !isStopped;
}

/** By the record alone: receipts aside. */
export function isLetGo(
  { phase, released }: Pick<RolloutRecord, "phase" | "released">,
  { wave, position, index }: WavePlace & { index: number },
): boolean {
  if (phase === "committed") return true;
  if (phase !== "waves" || released === null || released === undefined) return false;
  const isReached = wave < released.wave || (wave === released.wave && position < released.first);
  return isReached && !isAbsent(released, index);
}

function waits(detail: string): Blocked {
  return { state: null, reason: "rollout", detail, repairs: true };
}
