/** PURE. When a path that could not be repaired is tried again. All times are monotonic. */

const firstMs = 30_000;
const longestMs = 3600_000;
/** Where somebody holds what a repair needs, as a switch does. */
const firstWaitMs = 2_000;
const longestWaitMs = 60_000;

interface Tries {
  failures: number;
  waits: number;
  /** Since then it only waits; null after a failure. */
  waitsSinceMs: number | null;
  nextAtMs: number;
}

export type RepairTries = ReadonlyMap<string, Tries>;

export function noteFailed(tries: RepairTries, path: string, nowMs: number): RepairTries {
  const failures = (tries.get(path)?.failures ?? 0) + 1;
  const nextAtMs = nowMs + doubled(firstMs, failures, longestMs);
  return new Map([...tries, [path, { failures, waits: 0, waitsSinceMs: null, nextAtMs }]]);
}

export function noteAbandoned(tries: RepairTries, path: string, nowMs: number): RepairTries {
  const { failures = 0, waits: before = 0, waitsSinceMs = null } = tries.get(path) ?? {};
  const waits = before + 1;
  const nextAtMs = nowMs + doubled(firstWaitMs, waits, longestWaitMs);
  return new Map([...tries, [path, { failures, waits, waitsSinceMs: waitsSinceMs ?? nowMs, nextAtMs }]]);
}

/** How long it only waits by now. */
export function waitedMs(tries: RepairTries, path: string, nowMs: number): number {
  return nowMs - (tries.get(path)?.waitsSinceMs ?? nowMs);
}

function doubled(first: number, times: number, longest: number): number {
  return Math.min(first * 2 ** Math.min(times - 1, 20), longest);
}

export function noteDone(tries: RepairTries, path: string): RepairTries {
  return tries.has(path) ? new Map([...tries].filter(([other]) => other !== path)) : tries;
}

export function isWaiting(tries: RepairTries, path: string, nowMs: number): boolean {
  return (tries.get(path)?.nextAtMs ?? -Infinity) > nowMs;
}

export function dueTries(tries: RepairTries, nowMs: number): string[] {
  return [...tries].flatMap(([path, { nextAtMs }]) => (nextAtMs <= nowMs ? [path] : []));
}

/** When the next try is due; null where none waits. */
export function nextTryMs(tries: RepairTries): number | null {
  const times = [...tries.values()].map(({ nextAtMs }) => nextAtMs);
  return times.length === 0 ? null : Math.min(...times);
}
