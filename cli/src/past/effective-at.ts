/** PURE. What a fleet was to run at a time in its past: by the same rule as now, over what had been said by then. */
import { observedWorld, type Effective } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest, type Digest } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";
import type { Panic } from "@chimera/proto/signed/panic";
import { comparePlace, showPlace } from "@chimera/proto/signed/place";
import { lastWord, recordTimes, voicesOn, type PastRecord } from "./rollout-voices.ts";

export interface PastHead {
  id: Digest;
  head: Head;
  /** By the clock of the store. */
  storedAt: string;
}

export interface PastPanic {
  id: Digest;
  panic: Panic;
  storedAt: string;
  /** The earliest time at which a node signed that it had it; null where no such receipt is kept. */
  heardAt: string | null;
}

export interface Past {
  /** Genuine ones, in any order. */
  heads: readonly PastHead[];
  panics: readonly PastPanic[];
  /** Of any head, in any order. Nobody signs them. */
  records: readonly PastRecord[];
}

export type InForce = Exclude<Effective, { kind: "none" }>;

/**
 * A head is in force from when its author signed it, a panic from when the first node had it, a way back from when its lead
 * wrote it; where the store has one of these later, all those times must lead to one world, or a person is to say which.
 * Throws world-unknown for a time of which nothing is known, usage for one that two worlds share.
 */
export function effectiveAt(atMs: number, past: Past): InForce {
  const { signed, stored } = newestThen(atMs, past.heads);
  if (signed === undefined) throw new ChimeraError("world-unknown", beforeAll(atMs, past.heads));
  requireWhole(signed, past);
  const [first, ...others] = [
    ...readings({ atMs, head: signed, past, clock: "said" }),
    ...readings({ atMs, head: signed, past, clock: "stored" }),
    ...(stored === undefined ? [] : readings({ atMs, head: stored, past, clock: "stored" })),
  ];
  if (first === undefined) throw new ChimeraError("world-unknown", beforeAll(atMs, past.heads));
  const other = others.find(({ effective }) => effective.world !== first.effective.world);
  if (other !== undefined) throw new ChimeraError("usage", twoWorlds(atMs, first, other));
  return first.effective;
}

/** Of which it depends what was in force: by what authors signed, and by when the store had it. */
export function headsThen<T extends PastHead>(atMs: number, heads: readonly T[]): T[] {
  const { signed, stored } = newestThen(atMs, heads);
  return [signed, stored].flatMap((head) => head ?? []);
}

function newestThen<T extends PastHead>(atMs: number, heads: readonly T[]) {
  const newestBy = (timeOf: (head: T) => string): T | undefined =>
    heads
      .filter((one) => Date.parse(timeOf(one)) <= atMs)
      .toSorted((a, b) => comparePlace(b.head, a.head))[0];
  return { signed: newestBy(({ head }) => head.createdAt), stored: newestBy(({ storedAt }) => storedAt) };
}

interface Reading {
  head: PastHead;
  effective: InForce;
  /** The panic that undid it, also one that had not yet done so. */
  panic: PastPanic | null;
  /** Whose word on its rollout that is. */
  voice: readonly PastRecord[];
}

interface Question {
  atMs: number;
  head: PastHead;
  past: Past;
  clock: keyof typeof recordTimes;
}

/** One for everybody who has a story of the head's rollout, and one where nobody has. */
function readings({ atMs, head, past, clock }: Question): Reading[] {
  const panic = past.panics.find(({ panic: { undoes } }) => undoes === head.id) ?? null;
  const fromMs =
    panic === null ? Infinity : clock === "stored" ? Date.parse(panic.storedAt) : heardMs(atMs, head, panic);
  const voices = voicesOn(past.records, head.id);
  return (voices.length === 0 ? [[]] : voices).flatMap((voice) => {
    const rollout = lastWord(voice, head, { timeOf: recordTimes[clock], untilMs: atMs });
    const effective = observedWorld({ head, panic: fromMs <= atMs ? panic : null, rollout, nowMs: atMs });
    return effective.kind === "none" ? [] : [{ head, effective, panic, voice }];
  });
}

/** Of a head that the store did not have yet either, nothing tells when it was undone: it may have been at once. */
function heardMs(atMs: number, head: PastHead, { storedAt, heardAt }: PastPanic): number {
  if (Date.parse(head.storedAt) > atMs) return Date.parse(head.head.createdAt);
  return Math.min(Date.parse(storedAt), Date.parse(heardAt ?? storedAt));
}

/** What came after this head must follow it, or a panic that is known: else something in between is not kept any more. */
function requireWhole({ id, head }: PastHead, { heads, panics }: Past): void {
  const [next] = heads
    .filter((one) => comparePlace(one.head, head) > 0)
    .toSorted((a, b) => comparePlace(a.head, b.head));
  if (next === undefined) return;
  const between = `between head ${showPlace(head)} and ${showPlace(next.head)}`;
  // Brought over ssh, several may follow the same one: what the store never had leaves no other trace.
  if (next.head.epoch === head.epoch && next.head.serial > head.serial + 1) {
    const missing = next.head.serial - head.serial - 1;
    throw new ChimeraError(
      "world-unknown",
      `${between} ${missing === 1 ? "is a serial" : `are ${missing} serials`} of which the controller has no head: it never had it, or does not keep it any more: name a serial or a world`,
    );
  }
  const { previous } = next.head;
  if (previous === null || previous === id || panics.some((panic) => panic.id === previous)) return;
  throw new ChimeraError(
    "world-unknown",
    `${between} was a document that the controller does not keep any more (${shortDigest(previous)}): name a serial or a world`,
  );
}

function beforeAll(atMs: number, heads: readonly PastHead[]): string {
  const [oldest] = heads.toSorted((a, b) => comparePlace(a.head, b.head));
  const at = new Date(atMs).toISOString();
  return oldest === undefined
    ? "there is no head yet, so nothing to go back from"
    : `nothing is known of ${at}: the history begins with head ${showPlace(oldest.head)} of ${oldest.head.createdAt}`;
}

function twoWorlds(atMs: number, one: Reading, other: Reading): string {
  const nameOf = ({ head: { head }, effective }: Reading) =>
    `${shortDigest(effective.world)} of head ${showPlace(head)}`;
  const { first, second, why } = differenceOf(one, other);
  return (
    `at ${new Date(atMs).toISOString()} two worlds may have been in force: ${nameOf(one)} ${first}, ` +
    `${nameOf(other)} ${second} (${why}): name one of them, or another time`
  );
}

function differenceOf(one: Reading, other: Reading): Record<"first" | "second" | "why", string> {
  const [first, second] = ["by what the authors signed", "by when the controller stored it"];
  if (one.head.id !== other.head.id) {
    const { head, storedAt } = comparePlace(one.head.head, other.head.head) > 0 ? one.head : other.head;
    return { first, second, why: `head ${showPlace(head)} was signed ${head.createdAt}, stored ${storedAt}` };
  }
  const { panic } = one;
  if (panic !== null && [one, other].some(({ effective }) => effective.kind === "panic")) {
    const heard =
      panic.heardAt === null ? "no receipt says" : `a node signed that it had it ${panic.heardAt}`;
    const why = `panic ${showPlace({ ...panic.panic, rank: 1 })} was stored ${panic.storedAt}; from when on it counted ${heard}`;
    return { first: "if nodes had its panic before the controller", second, why };
  }
  const tellers = [one, other].map(({ voice }) => voice[0]?.teller ?? null);
  if (tellers[0] !== tellers[1]) {
    const why = "nothing of its rollout is kept in the store, and nobody signs what nodes tell of it";
    return { first: `as ${tellers[0] ?? "?"} tells`, second: `as ${tellers[1] ?? "?"} tells`, why };
  }
  return {
    first: "by the time that its lead wrote",
    second,
    why: "the record of its rollout was stored later",
  };
}
