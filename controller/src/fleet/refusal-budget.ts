/**
 * PURE. Which refusals get an entry of their own: a few in a row and then one every ten minutes; the rest becomes a sum. Whoever guesses
 * tokens for a year fills no stream, and cannot drown what a known token was refused.
 */
import type { AuditRefusal, AuditSaid } from "@chimera/proto/audit/audit-entry";

/** Its time in Unix milliseconds. */
export type RefusalSum = Omit<Extract<AuditSaid, { kind: "refusals" }>, "kind" | "since"> & {
  sinceMs: number;
};

export interface RefusalBudget {
  /** True where it is to be told by itself; else it is in the next sum. */
  take(refusal: AuditRefusal, nowMs: number): boolean;
  /** What was not told, once it is ten minutes old; null while there is nothing to say. */
  due(nowMs: number): RefusalSum | null;
  /** The same, now. */
  rest(): RefusalSum | null;
}

const burst = 32;
const everyMs = 10 * 60_000;
const mostCodes = 64;
const mostAddresses = 1024;
const shownAddresses = 16;

interface Purse {
  left: number;
  atMs: number;
}

interface Counted {
  sinceMs: number;
  count: number;
  codes: Map<string, number>;
  from: Map<string, number>;
}

export function createRefusalBudget(nowMs: number): RefusalBudget {
  const purses = { known: { left: burst, atMs: nowMs }, nobody: { left: burst, atMs: nowMs } };
  let counted: Counted | null = null;
  function take(refusal: AuditRefusal, atMs: number): boolean {
    if (spend(refusal.who.kind === "nobody" ? purses.nobody : purses.known, atMs)) return true;
    counted ??= { sinceMs: atMs, count: 0, codes: new Map(), from: new Map() };
    counted.count += 1;
    add(counted.codes, refusal.code, mostCodes);
    add(counted.from, refusal.from, mostAddresses);
    return false;
  }
  function rest(): RefusalSum | null {
    if (counted === null) return null;
    const sum = sumOf(counted);
    counted = null;
    return sum;
  }
  return {
    take,
    rest,
    due: (atMs) => (counted !== null && atMs - counted.sinceMs >= everyMs ? rest() : null),
  };
}

/** A clock that was set back gives nothing. */
function spend(purse: Purse, nowMs: number): boolean {
  const earned = Math.max(0, Math.floor((nowMs - purse.atMs) / everyMs));
  purse.left = Math.min(burst, purse.left + earned);
  purse.atMs = Math.max(purse.atMs, purse.atMs + earned * everyMs);
  if (purse.left === 0) return false;
  purse.left -= 1;
  return true;
}

/** Addresses cost an attacker with enough of them nothing: beyond so many only the count rises. */
function add(counts: Map<string, number>, word: string, most: number): void {
  const known = counts.get(word);
  if (known === undefined && counts.size >= most) return;
  counts.set(word, (known ?? 0) + 1);
}

function sumOf({ sinceMs, count, codes, from }: Counted): RefusalSum {
  return {
    sinceMs,
    count,
    codes: [...codes].map(([code, times]) => ({ code, count: times })),
    from: [...from]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, shownAddresses)
      .map(([address, times]) => ({ from: address, count: times })),
  };
}
