/** PURE. Which differences are open, so that each is told once and not at every sweep. */
import type { DriftItem, DriftSummary, EntryFacts } from "@chimera/proto/drift";

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
  /** As it was when somebody was told of it last, and when that was (monotonic ms). */
  told: DriftItem;
  toldAt: number;
}

/** What it becomes while it is open is told no more often: a program may write there all day. */
const tellAgainMs = 60_000;

type BookSummary = Pick<DriftSummary, "lastSweepAt" | "managed" | "open" | "openCount" | "reverted">;

/** Changed in place: to copy it for each of the changes of a storm would cost more than the storm. */
export interface EtcBook {
  /** True when nobody was told yet: another path, another kind, another find, or another reason. `now`: monotonic ms. */
  noteOpen(item: DriftItem, reason: OpenReason, now: number): boolean;
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
    noteOpen(item, reason, now) {
      const known = open.get(item.path);
      const told = { ...item, ...known?.told };
      told.found = withDigest(told.found, item.found);
      const toldAt = known?.toldAt ?? now;
      const last = { item, reason, told, toldAt };
      const isNews = known?.reason.code !== reason.code || isOther(last, item, now);
      open.set(item.path, isNews ? { ...last, told: item, toldAt: now } : last);
      return isNews;
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

/** Compared with what was told, not with the last look: what comes to stay is told, however slowly it came. */
function isOther({ told, toldAt }: OpenDrift, { kind, found }: DriftItem, now: number): boolean {
  if (told.kind !== kind || told.found.type !== found.type || told.found.target !== found.target) return true;
  return now - toldAt >= tellAgainMs && factsOf(told.found) !== factsOf(withDigest(found, told.found));
}

/** Without the size, which a log that somebody put there changes every second. */
function factsOf({ sha256, text, mode, uid, gid, attributes }: EntryFacts): string {
  return JSON.stringify([sha256, text, mode, uid, gid, attributes?.toSorted()]);
}

/** Of a store path a walk sees the size alone, and whoever reads it the digest too: that is the same find. */
function withDigest(found: EntryFacts, { sha256 }: EntryFacts): EntryFacts {
  const isPart = found.type === "nar" && found.sha256 === undefined && sha256 !== undefined;
  return isPart ? { ...found, sha256 } : found;
}
