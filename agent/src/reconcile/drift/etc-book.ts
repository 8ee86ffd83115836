/** PURE. Which differences are open, so that each is told once and not at every sweep. */
import type { DriftItem, DriftSummary } from "@chimera/proto/drift";

const shownItems = 50;
/** As long as a status may say it: what a tool complained about may be longer. */
const shownWhy = 512;

interface OpenReason {
  /** "reported", or the code of the failed revert: another one is news. */
  code: string;
  /** In words of an operator. */
  why: string;
}

interface OpenDrift {
  item: DriftItem;
  reason: OpenReason;
}

type BookSummary = Pick<DriftSummary, "lastSweepAt" | "managed" | "open" | "openCount" | "reverted">;

/** Changed in place: to copy it for each of the changes of a storm would cost more than the storm. */
export interface EtcBook {
  /** True when nobody was told yet: another path, another kind, another find, or another reason. */
  noteOpen(item: DriftItem, reason: OpenReason): boolean;
  noteClosed(path: string): void;
  noteReverted(path: string): void;
  /** After a whole sweep: what it did not see again is over (its entry left the closure, or its stale link is gone). Which that is. */
  noteSwept(sweep: { at: string; managed: number; seen: ReadonlySet<string> }): string[];
  item(path: string): DriftItem | null;
  summary(): BookSummary;
}

export function createBook(): EtcBook {
  const open = new Map<string, OpenDrift>();
  let [managed, reverted] = [0, 0];
  let lastSweepAt: string | null = null;
  return {
    noteOpen(item, reason) {
      const known = open.get(item.path);
      open.set(item.path, { item, reason });
      return known === undefined || known.reason.code !== reason.code || !isSameItem(known.item, item);
    },
    noteClosed: (path) => void open.delete(path),
    noteReverted(path) {
      open.delete(path);
      reverted += 1;
    },
    noteSwept(sweep) {
      const over = [...open.keys()].filter((path) => !sweep.seen.has(path));
      for (const path of over) open.delete(path);
      managed = sweep.managed;
      lastSweepAt = sweep.at;
      return over;
    },
    item: (path) => open.get(path)?.item ?? null,
    summary: () => ({ lastSweepAt, managed, open: shown(open), openCount: open.size, reverted }),
  };
}

function shown(open: ReadonlyMap<string, OpenDrift>): BookSummary["open"] {
  const items: BookSummary["open"] = [];
  for (const { item, reason } of open.values()) {
    if (items.length === shownItems) break;
    items.push({ ...item, why: reason.why.slice(0, shownWhy) });
  }
  return items;
}

/** What was found may change its size every second (a log that somebody put there): type and kind are the news. */
function isSameItem(a: DriftItem, b: DriftItem): boolean {
  return a.kind === b.kind && a.found.type === b.found.type && a.found.target === b.found.target;
}
