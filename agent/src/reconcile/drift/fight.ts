/** PURE. What is remembered of one path that somebody changes again and again, and whether it is put back once more. */
import type { EntryFacts } from "@chimera/proto/drift";

/** Reverts of one path in `budgetWindowMs` before it is only reported. */
export const budgetReverts = 10;
export const budgetWindowMs = 60_000;
/** So many minutes of a day in which a path was put back, and the next change of it is only reported. */
export const slowReverts = 6;
export const slowWindowMs = 24 * 3_600_000;
/** How long it is only reported at first, for each pace; each further trip rests twice as long. */
export const firstRestMs = { minute: 600_000, day: 3_600_000 } as const;
export const longestRestMs = 6 * 3_600_000;
/** A path that kept its peace for so long after its rest begins anew. */
export const peaceMs = 24 * 3_600_000;

/** How fast it was changed: often in a minute, or again and again over a day. */
export type Pace = "minute" | "day";

/** What came back by itself at our own daemon-reload: it stays as it is. */
export interface Left {
  /** Of what was found then; anything else there is somebody's change. */
  mark: string;
  /** Who made it, as far as that is known. */
  why: string;
}

/** Times are monotonic ms. */
export interface Fight {
  /** Of the latest attempts, oldest first. */
  spentAt: readonly number[];
  /** Of the latest reverts that went well, at most one a minute: many in one minute are the other budget's. */
  revertedAt: readonly number[];
  restUntil: number;
  /** Trips in a row. */
  trips: number;
  /** Of the latest trip. */
  pace: Pace;
  left: Left | null;
}

export const noFight: Fight = {
  spentAt: [],
  revertedAt: [],
  restUntil: -Infinity,
  trips: 0,
  pace: "minute",
  left: null,
};

export type Spending =
  | { kind: "allowed" }
  | { kind: "tripped"; restMs: number; trips: number; pace: Pace }
  | { kind: "resting"; restMs: number; trips: number; pace: Pace };

export function spendOf(fight: Fight, now: number): { answer: Spending; next: Fight } {
  const { restUntil, trips, pace } = fight;
  if (now < restUntil)
    return { answer: { kind: "resting", restMs: restUntil - now, trips, pace }, next: fight };
  const spentAt = fight.spentAt.filter((at) => now - at < budgetWindowMs);
  const revertedAt = latestReverts(fight, now);
  const tripped = trippedPace({ spentAt, revertedAt }, now);
  if (tripped === null)
    return { answer: { kind: "allowed" }, next: { ...fight, revertedAt, spentAt: [...spentAt, now] } };
  const trip = { trips: now - restUntil < peaceMs ? trips + 1 : 1, pace: tripped };
  const restMs = Math.min(firstRestMs[tripped] * 2 ** (trip.trips - 1), longestRestMs);
  return {
    answer: { kind: "tripped", restMs, ...trip },
    next: {
      ...fight,
      ...trip,
      restUntil: now + restMs,
      spentAt: [],
      // After the rest it is put back once: whoever changes it then again has tripped it again.
      revertedAt: tripped === "day" ? revertedAt.slice(1) : revertedAt,
    },
  };
}

function trippedPace(
  { spentAt, revertedAt }: Pick<Fight, "spentAt" | "revertedAt">,
  now: number,
): Pace | null {
  if (spentAt.length >= budgetReverts) return "minute";
  const last = revertedAt.at(-1) ?? -Infinity;
  return revertedAt.length >= slowReverts && now - last >= budgetWindowMs ? "day" : null;
}

export function withRevert(fight: Fight, now: number): Fight {
  const revertedAt = latestReverts(fight, now);
  const last = revertedAt.at(-1) ?? -Infinity;
  if (now - last < budgetWindowMs) return { ...fight, revertedAt };
  return { ...fight, revertedAt: [...revertedAt, now].slice(-slowReverts) };
}

function latestReverts({ revertedAt }: Fight, now: number): readonly number[] {
  return revertedAt.filter((at) => now - at < slowWindowMs);
}

/** True where forgetting it would let a fight begin anew. */
export function isWorthKeeping({ revertedAt, trips, left }: Fight): boolean {
  return revertedAt.length > 1 || trips > 0 || left !== null;
}

/** What tells one find from another at the same path. */
export function markOf({ type, target, sha256, size, mode }: EntryFacts): string {
  return [type, target, sha256, size, mode].map((fact) => fact ?? "").join(" ");
}
