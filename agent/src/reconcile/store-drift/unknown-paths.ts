/**
 * PURE. Paths of which a look could say nothing: looked at again later and later, and told once where that goes on. All times are
 * monotonic.
 */
import type { Unknown } from "./judge-path.ts";
import { earliest, type DueLook } from "./second-look.ts";

const firstMs = 5_000;
const longestMs = 600_000;
const leastLooks = 3;

/** So long a reason lasts before anybody is told. */
export const persistMs = 60_000;

interface UnknownPath extends Unknown {
  sinceMs: number;
  looks: number;
  nextMs: number;
}

/** What lasts, by reason. */
export interface Persisting {
  reason: string;
  /** One of those that have it. */
  path: string;
  at: string;
}

export interface UnknownPaths {
  note(path: string, unknown: Unknown, nowMs: number): void;
  noteKnown(path: string): void;
  clear(): void;
  persisting(nowMs: number): Persisting[];
  due(nowMs: number): DueLook[];
  /** When the next look is due; null where none is. */
  nextMs(): number | null;
}

export function createUnknownPaths(lastsMs = persistMs): UnknownPaths {
  const unknowns = new Map<string, UnknownPath>();
  return {
    note(path, unknown, nowMs) {
      const known = unknowns.get(path);
      // Another reason begins anew, since it may be over as soon.
      const same = known?.reason === unknown.reason ? known : null;
      const looks = (same?.looks ?? 0) + 1;
      const restMs = Math.min(firstMs * 2 ** Math.min(looks - 1, 20), longestMs);
      unknowns.set(path, {
        ...unknown,
        sinceMs: same?.sinceMs ?? nowMs,
        looks,
        nextMs: nowMs + restMs,
      });
    },
    noteKnown(path) {
      unknowns.delete(path);
    },
    clear() {
      unknowns.clear();
    },
    persisting: (nowMs) => lasting(unknowns, { nowMs, lastsMs }),
    due: (nowMs) =>
      [...unknowns].flatMap(([path, { nextMs, wasRead }]) =>
        nextMs > nowMs ? [] : [{ path, isRead: wasRead }],
      ),
    nextMs: () => earliest([...unknowns.values()].map(({ nextMs }) => nextMs)),
  };
}

function lasting(
  unknowns: ReadonlyMap<string, UnknownPath>,
  { nowMs, lastsMs }: { nowMs: number; lastsMs: number },
): Persisting[] {
  const byReason = new Map<string, Persisting>();
  for (const [path, { reason, at, sinceMs, looks }] of unknowns) {
    if (looks < leastLooks || nowMs - sinceMs < lastsMs) continue;
    byReason.set(reason, { reason, path, at });
  }
  return [...byReason.values()];
}
