/**
 * PURE. Whether the rollout lets this node begin. The lead's record is signed by nobody, so a node of a later wave goes only
 * on the receipts of the wave before; and after the head's own deadline without any lead, where that says so.
 */
import { isPastDeadline, type RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Blocked } from "../reconcile/decision.ts";

export interface GateSight {
  /** Of the accepted head; undefined: everybody goes as soon as they can. */
  policy: RolloutPolicy | undefined;
  /** About the accepted head; null where no lead has begun. */
  record: RolloutRecord | null;
  /** Where this node stands in the signed waves, from 0; null while their lists could not be read. */
  place: { wave: number; position: number } | null;
  /** Whether enough nodes of the wave before have proved it, by their own signatures. */
  isProven: boolean;
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
  if (!isLetGo(record, place)) return waits(`${name}: ${record.reason}`);
  if (place.wave > 0 && !sight.isProven) return waits(`${name}: the wave before has not proved it`);
  return null;
}

/** A lead that stopped it still stops it: only one that is not heard any more is not waited for. */
function isOverdue(policy: RolloutPolicy, { record, nowMs }: GateSight): boolean {
  const isStopped = record?.phase === "paused" || record?.phase === "returned";
  return policy.onDeadline === "proceed" && isPastDeadline(policy, nowMs) && !isStopped;
}

/** By the record alone: receipts aside. */
export function isLetGo(
  { phase, released }: Pick<RolloutRecord, "phase" | "released">,
  place: { wave: number; position: number },
): boolean {
  if (phase === "committed") return true;
  if (phase !== "waves" || released === null || released === undefined) return false;
  return place.wave < released.wave || (place.wave === released.wave && place.position < released.first);
}

function waits(detail: string): Blocked {
  return { state: null, reason: "rollout", detail, repairs: true };
}
