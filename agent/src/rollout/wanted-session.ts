/** PURE. Whether this node is to run a lead's program, and for which head. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";

export interface SessionSight {
  state: TrustState | null;
  /** About the accepted head; null where no lead has begun. */
  record: RolloutRecord | null;
  /** As the node's module says. */
  isEligible: boolean;
}

/** Null where nobody is to lead here: without waves, after a panic, and when the rollout is over. */
export function wantedSession({
  state,
  record,
  isEligible,
}: SessionSight): { epoch: number; serial: number } | null {
  if (!isEligible || state === null || state.head === null || state.panic !== null) return null;
  const { head, id } = state.head;
  if (head.policy.rollout === undefined) return null;
  const phase = record?.head === id ? record.phase : null;
  return phase === "committed" || phase === "returned" ? null : { epoch: head.epoch, serial: head.serial };
}
