/**
 * PURE. What costs the whole machine something at each try, as a daemon-reload, and did not help: it is tried again ever
 * more rarely.
 */

export const firstWaitMs = 60_000;
export const longestWaitMs = 3_600_000;
/** Whoever is asked to look at it is asked once, after so many tries. */
export const alarmingTries = 3;

interface Tried<T> {
  tries: number;
  nextAt: number;
  problem: T;
}

/** Changed in place; it holds what is open, and no more. */
export interface CostlyTries<T> {
  /** What the latest try said; null where the next is due. `now`: monotonic ms. */
  waiting(path: string, now: number): T | null;
  /** How many failed in a row, and how long it rests. */
  noteFailed(path: string, problem: (waitMs: number) => T, now: number): { tries: number; problem: T };
  forget(path: string): void;
}

export function createCostlyTries<T>(): CostlyTries<T> {
  const known = new Map<string, Tried<T>>();
  return {
    waiting(path, now) {
      const tried = known.get(path);
      return tried !== undefined && now < tried.nextAt ? tried.problem : null;
    },
    noteFailed(path, problemOf, now) {
      const tries = (known.get(path)?.tries ?? 0) + 1;
      const waitMs = Math.min(firstWaitMs * 2 ** Math.min(tries - 1, 20), longestWaitMs);
      const problem = problemOf(waitMs);
      known.set(path, { tries, nextAt: now + waitMs, problem });
      return { tries, problem };
    },
    forget: (path) => void known.delete(path),
  };
}
