/**
 * PURE. How often one path is put back before the node only reports it: somebody fights, and both would burn CPU. One
 * budget for all of a node, in /etc and beyond.
 */
import {
  peaceMs,
  slowWindowMs,
  spendOf,
  withRevert,
  type Fight,
  type Left,
  type Pace,
  type Spending,
} from "./fight.ts";
import { createFightMemory } from "./fight-memory.ts";

export interface EtcBudget {
  /** Asks for one revert of `path` at `now` (monotonic ms). */
  spend(path: string, now: number): Spending;
  /** It went well. */
  noteReverted(path: string, now: number): void;
  /** True while a path is only reported: no hint about it is worth a look before the next sweep. */
  isResting(path: string, now: number): boolean;
  /** It came back by itself: nobody takes it away again while it is the same. */
  leave(path: string, left: Left): void;
  leftAt(path: string): Left | null;
  /** It is gone. */
  forgetLeft(path: string): void;
  /** Forgets what was spent; false where the path neither rested nor was left. */
  resume(path: string, now: number): boolean;
  /** For whoever writes it down, what matters most first. */
  remembered(now: number): RememberedFight[];
}

/** Times as ms from now, since the clock of a process ends with it. */
export interface RememberedFight {
  path: string;
  revertedAgoMs: number[];
  /** Until the end of the rest; negative after it. */
  rest: { endsInMs: number; trips: number; pace: Pace } | null;
  left: Left | null;
}

export function createBudget(remembered: readonly RememberedFight[] = [], begunAt = 0): EtcBudget {
  const memory = createFightMemory();
  for (const fight of remembered.toReversed()) memory.set(fight.path, fightOf(fight, begunAt));
  const change = (path: string, fields: Partial<Fight>): void =>
    memory.set(path, { ...memory.get(path), ...fields });
  const isResting = (path: string, now: number): boolean => now < memory.get(path).restUntil;
  return {
    isResting,
    spend(path, now) {
      const fight = memory.get(path);
      const { answer, next } = spendOf(fight, now);
      if (next !== fight) memory.set(path, next);
      return answer;
    },
    noteReverted: (path, now) => memory.set(path, withRevert(memory.get(path), now)),
    leave: (path, left) => change(path, { left }),
    leftAt: (path) => memory.get(path).left,
    forgetLeft(path) {
      if (memory.get(path).left !== null) change(path, { left: null });
    },
    resume(path, now) {
      const known = isResting(path, now) || memory.get(path).left !== null;
      memory.delete(path);
      return known;
    },
    remembered: (now) => memory.entries().flatMap(([path, fight]) => rememberedOf(path, fight, now)),
  };
}

function rememberedOf(path: string, fight: Fight, now: number): RememberedFight[] {
  const { revertedAt, restUntil, trips, pace, left } = fight;
  const revertedAgoMs = revertedAt.map((at) => Math.round(now - at)).filter((ms) => ms < slowWindowMs);
  const rest = now - restUntil < peaceMs ? { endsInMs: Math.round(restUntil - now), trips, pace } : null;
  if (revertedAgoMs.length === 0 && rest === null && left === null) return [];
  return [{ path, revertedAgoMs, rest, left }];
}

function fightOf({ revertedAgoMs, rest, left }: RememberedFight, now: number): Fight {
  return {
    spentAt: [],
    revertedAt: revertedAgoMs.map((ms) => now - ms),
    restUntil: rest === null ? -Infinity : now + rest.endsInMs,
    trips: rest?.trips ?? 0,
    pace: rest?.pace ?? "minute",
    left,
  };
}
