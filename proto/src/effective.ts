/** PURE. The effective world: what a fleet shall run now, from its head, its rollout record and its panic. */
import type { Head } from "./signed/head.ts";
import { panicPlace, type Panic } from "./signed/panic.ts";
import { comparePlace, type Place } from "./signed/place.ts";
import type { Digest, WorldId } from "./names.ts";
import type { RolloutRecord } from "./rollout/rollout-record.ts";

export interface EffectiveInput {
  head: { id: Digest; head: Head } | null;
  panic: { id: Digest; panic: Panic } | null;
  rollout: RolloutRecord | null;
  nowMs: number;
  /** This machine has gone back from that head while it might, or enough others have signed that they have: the end of a consent changes nothing then. */
  isBack?: boolean;
}

export type Effective =
  | { kind: "none" }
  /** `paused` says why nobody who has not begun with it may begin. */
  | { kind: "head"; world: WorldId; id: Digest; place: Place; paused: string | null }
  /** The rollout failed, and the head had consented to go back. */
  | { kind: "returned"; world: WorldId; id: Digest; place: Place }
  | { kind: "panic"; world: WorldId; id: Digest; place: Place };

/** Higher places win; a rollout record counts only for the head that it names. */
export function effectiveWorld(input: EffectiveInput): Effective {
  const { head, panic } = input;
  if (panic !== null && isNewest(panic.panic, head)) {
    return { kind: "panic", world: panic.panic.world, id: panic.id, place: panicPlace(panic.panic) };
  }
  return head === null ? { kind: "none" } : effectiveHead(head, input);
}

function effectiveHead(
  { id, head }: { id: Digest; head: Head },
  { rollout, nowMs, isBack = false }: EffectiveInput,
): Effective {
  const { epoch, serial, world, revertTo } = head;
  const record = rollout?.head === id ? rollout : null;
  const isReturned = isBack || (record?.phase === "returned" && mayReturn(head, nowMs));
  if (revertTo !== null && isReturned) {
    return { kind: "returned", world: revertTo, id, place: { epoch, serial, rank: 1 } };
  }
  return { kind: "head", world, id, place: { epoch, serial, rank: 0 }, paused: pauseOf(record) };
}

/**
 * As an observer sees it, who carries nothing out: a fleet that went back while it had the consent to do so stays back when that
 * has ended. When it went the record says, which nobody signs: whoever builds on this is told.
 */
export function observedWorld(input: EffectiveInput): Effective {
  const { rollout, nowMs } = input;
  const wentMs = rollout?.phase === "returned" ? Date.parse(rollout.at) : nowMs;
  return effectiveWorld({ ...input, nowMs: Math.min(nowMs, wentMs) });
}

/** Whether the fleet went back: a record that says so does nothing where its head did not consent to that when it was written. */
export function hasReturned({ phase, at }: RolloutRecord, head: Consent, nowMs: number): boolean {
  return phase === "returned" && mayReturn(head, Math.min(nowMs, Date.parse(at)));
}

/** A failed rollout without consent to go back goes no further either. */
function pauseOf(record: RolloutRecord | null): string | null {
  if (record?.phase === "paused") return record.reason;
  return record?.phase === "returned" ? `undone: ${record.reason}` : null;
}

/** Beside its own head it wins; beside another head of that place it undoes nothing. */
function isNewest(panic: Panic, head: EffectiveInput["head"]): boolean {
  if (head === null) return true;
  return comparePlace(panic, head.head) === 0
    ? panic.undoes === head.id
    : comparePlace(panicPlace(panic), head.head) > 0;
}

type Consent = Pick<Head, "revertTo" | "consentUntil">;

/** Consent ends at its own time; a newer head ends it by being another head, a commit by the record's phase. */
export function mayReturn({ revertTo, consentUntil }: Consent, nowMs: number): boolean {
  return revertTo !== null && consentUntil !== null && nowMs <= Date.parse(consentUntil);
}
