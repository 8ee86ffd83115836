/**
 * PURE. Who leads. The record in the store is the lease: only who took its number writes on. A lead is heard every few
 * seconds; whoever has not heard it for long enough, on a clock of its own, takes the next lease; clocks are never compared.
 */
import type { Digest, IsoTime } from "@chimera/proto/names";
import { maxLease, type RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { comparePlace } from "@chimera/proto/signed/place";
import type { z } from "zod";

/** A lead is heard this often. */
export const leadBeatMs = 4_000;
/** One that is not heard for so long leads no more: nearly four beats. */
export const leaseMs = 15_000;
/** So long it may read what everybody said last, for ten thousand nodes, before another one tries. */
export const readingMs = 60_000;

/** Of a rollout that is not over: one that went back with its head's consent is nobody's any more. */
export interface LeaseSight {
  /** The newest record in the store; null where there is none. */
  record: RolloutRecord | null;
  /** Whether the head in the store is the one that the record is about; unknown where nobody asked or answered. */
  stored: "this" | "another" | "unknown";
  /** When its lead was last heard, or the record was seen to move, on this program's clock. */
  heardMs: number;
  nowMs: number;
  head: Digest;
  /** Of that head. */
  place: { epoch: number; serial: number };
  /** The newest record of this head that this program knows: the store may have lost it since. */
  known: RolloutRecord | null;
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
  const { record, me, head, place } = sight;
  if (record === null) return { kind: "take", record: begun(sight, at) };
  if (record.head !== head) {
    // Anybody who reaches the record can write that it is about a newer head; nobody can store one that was not signed.
    const isTheirs = isNewer(record.place, place) && sight.stored !== "another";
    return isTheirs ? follow(record) : { kind: "take", record: begun(sight, at) };
  }
  if (isOurs(record, sight)) return { kind: "lead", record };
  const isGone = sight.nowMs - sight.heardMs >= leaseMs;
  if (!isGone) return follow(record);
  return { kind: "take", record: { ...record, lease: above(record.lease), lead: me, at } };
}

function isOurs({ lease, lead }: RolloutRecord, { mine, me }: LeaseSight): boolean {
  return mine !== null && lease === mine && lead === me;
}

function follow({ lead }: RolloutRecord): LeaseVerdict {
  return { kind: "follow", lead: lead ?? "unknown" };
}

/** Or of the same place: of two heads of one place nobody knows which one counts. */
function isNewer(theirs: RolloutRecord["place"], ours: LeaseSight["place"]): boolean {
  return theirs !== undefined && comparePlace(theirs, ours) >= 0;
}

/** Leases of all heads rise together. What was known of this head goes on, should the store have lost it. */
function begun({ record, head, place, known, me }: LeaseSight, at: z.infer<typeof IsoTime>): RolloutRecord {
  const lease = above(Math.max(record?.lease ?? 0, known?.lease ?? 0));
  if (known !== null && known.head === head) return { ...known, place, lease, lead: me, at: atOf(known, at) };
  return {
    v: 1,
    head,
    place,
    lease,
    phase: "staging",
    reason: "everybody gets ready",
    at,
    lead: me,
    released: null,
  };
}

/** When the fleet went back decides whether it might: that it is written down once more changes nothing. */
function atOf({ phase, at }: RolloutRecord, now: string): string {
  return phase === "returned" || phase === "committed" ? at : now;
}

/** Of the highest number there is another run: whoever wrote that into the store keeps nobody from leading. */
function above(lease: number): number {
  return Math.min(lease + 1, maxLease);
}
