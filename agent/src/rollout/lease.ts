/**
 * PURE. Who leads. The record in the store is the lease: only who took its number writes on. A lead is heard every few
 * seconds; whoever has not heard it for long enough, on a clock of its own, takes the next lease; clocks are never compared.
 */
import type { Digest, IsoTime } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { z } from "zod";

/** A lead that is not heard for so long leads no more: it beats every four seconds. */
export const leaseMs = 15_000;

export interface LeaseSight {
  /** The newest record in the store; null where there is none. */
  record: RolloutRecord | null;
  /** When its lead was last heard, or the record was seen to move, on this program's clock. */
  heardMs: number;
  nowMs: number;
  head: Digest;
  /** This program's name as a lead. */
  me: string;
  /** The lease that this run of it took; null before. A restarted lead takes a new one. */
  mine: number | null;
}

export type LeaseVerdict =
  /** The record is ours: decide, and write. */
  | { kind: "lead"; record: RolloutRecord }
  /** Take it: write this by compare-and-set on the revision. */
  | { kind: "take"; record: RolloutRecord }
  | { kind: "follow"; lead: string };

export function judgeLease(sight: LeaseSight, at: z.infer<typeof IsoTime>): LeaseVerdict {
  const { record, me, mine, head } = sight;
  if (record === null || record.head !== head) return { kind: "take", record: begun(sight, at) };
  if (mine !== null && record.lease === mine && record.lead === me) return { kind: "lead", record };
  const isOver = record.phase === "committed" || record.phase === "returned";
  const isGone = sight.nowMs - sight.heardMs >= leaseMs;
  if (isOver || !isGone) return { kind: "follow", lead: record.lead ?? "unknown" };
  return { kind: "take", record: { ...record, lease: record.lease + 1, lead: me, at } };
}

/** Leases of all heads rise together: a lead of an older head that wakes up late has lost by its number already. */
function begun({ record, head, me }: LeaseSight, at: z.infer<typeof IsoTime>): RolloutRecord {
  const lease = (record?.lease ?? 0) + 1;
  return {
    v: 1,
    head,
    lease,
    phase: "staging",
    reason: "everybody gets ready",
    at,
    lead: me,
    released: null,
  };
}
