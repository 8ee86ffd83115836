/** SHELL. What a lead remembers from look to look, and what it sees by that. */
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { LeadSight } from "../../rollout/lead-sight.ts";
import { leaseMs, type LeaseSight } from "../../rollout/lease.ts";
import type { Laid } from "./lay-receipts.ts";
import type { Claim } from "./lead-end.ts";
import type { LeadParts } from "./lead-loop.ts";

export interface LeadState {
  laid: Laid;
  /** Revision of what this run wrote last, and what that was: its own decision, or what the store had lost. */
  written: { revision: number; by: "own" | "put-back" | "lease" };
  /** The newest record of this head that was seen. */
  known: RolloutRecord | null;
  lookedMs: number;
  revision: number;
  movedMs: number;
  mine: number | null;
  phase: string;
  sinceMs: number;
  releasedMs: number;
  /** Of nodes that failed for lack of contact: when there was one more than before, and how many. */
  lostMs: number | null;
  lost: number;
  /** When it took the lease. */
  takenMs: number;
  beatenMs: number;
}

/** Where a record that says that it is over comes from. */
export function claimOf(state: LeadState, parts: LeadParts, record: RolloutRecord): Claim {
  return { record, by: writerOf(state, parts, record), sight: sightOf(state, parts, { record, ask: null }) };
}

function writerOf(state: LeadState, parts: LeadParts, record: RolloutRecord): Claim["by"] {
  const { written, revision, mine } = state;
  if (written.revision === revision && written.by !== "lease") return written.by;
  if (mine === record.lease && record.lead === parts.me) return "forger";
  const { heardMs, nowMs } = leaseSight(state, parts, record);
  return nowMs - heardMs < leaseMs ? "another" : "nobody";
}

export function leaseSight(
  state: LeadState,
  parts: LeadParts,
  record: RolloutRecord | null,
): Omit<LeaseSight, "stored"> {
  const { head, me, nowMs } = parts;
  const { epoch, serial } = head.head;
  return {
    record,
    heardMs: Math.max(state.movedMs, parts.lastHeardMs(head.id)),
    nowMs: nowMs(),
    head: head.id,
    place: { epoch, serial },
    known: state.known,
    me,
    mine: state.mine,
  };
}

export function sightOf(
  { sinceMs, releasedMs, lostMs }: LeadState,
  { head, policy, waves, ear, at, nowMs, mayReturn }: LeadParts,
  seen: Pick<LeadSight, "record" | "ask">,
): LeadSight {
  const now = at();
  return {
    ...seen,
    nowMs: nowMs(),
    sinceMs,
    releasedMs,
    lostMs,
    utcMs: Date.parse(now),
    at: now,
    mayReturn: mayReturn(),
    head,
    policy,
    waves,
    nodes: ear.sights(head.id),
  };
}

export function noteLost(state: LeadState, lost: number, nowMs: number): void {
  if (lost > state.lost) state.lostMs = nowMs;
  if (lost === 0) state.lostMs = null;
  state.lost = lost;
}
