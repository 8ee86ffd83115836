/** PURE. When a path that could not be repaired is tried again. */

const firstMs = 30_000;
const longestMs = 3600_000;
/** After a switch that began meanwhile. */
const soonMs = 2_000;

interface Tries {
  failures: number;
  nextAtMs: number;
}

export type RepairTries = ReadonlyMap<string, Tries>;

export function noteFailed(tries: RepairTries, path: string, nowMs: number): RepairTries {
  const failures = (tries.get(path)?.failures ?? 0) + 1;
  const restMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 20), longestMs);
  return new Map([...tries, [path, { failures, nextAtMs: nowMs + restMs }]]);
}

export function noteAbandoned(tries: RepairTries, path: string, nowMs: number): RepairTries {
  return new Map([...tries, [path, { failures: tries.get(path)?.failures ?? 0, nextAtMs: nowMs + soonMs }]]);
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

/** Monotonic ms of the next try; null where none waits. */
export function nextTryMs(tries: RepairTries): number | null {
  const times = [...tries.values()].map(({ nextAtMs }) => nextAtMs);
  return times.length === 0 ? null : Math.min(...times);
}
