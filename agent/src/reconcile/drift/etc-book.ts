/** PURE. Which differences are open, so that each is told once and not at every sweep. */
import type { DriftItem, DriftSummary } from "@chimera/proto/drift";

const shownItems = 50;

interface OpenDrift {
  item: DriftItem;
  /** Why it is still open: "reported" or the code of the failed revert. */
  reason: string;
}

export interface EtcBook {
  open: ReadonlyMap<string, OpenDrift>;
  managed: number;
  reverted: number;
  lastSweepAt: string | null;
}

export const emptyBook: EtcBook = { open: new Map(), managed: 0, reverted: 0, lastSweepAt: null };

/** True when nobody was told yet: another path, another kind, another find, or another reason. */
export function isNews(book: EtcBook, item: DriftItem, reason: string): boolean {
  const known = book.open.get(item.path);
  return known === undefined || known.reason !== reason || !isSameItem(known.item, item);
}

export function noteOpen(book: EtcBook, item: DriftItem, reason: string): EtcBook {
  return { ...book, open: new Map([...book.open, [item.path, { item, reason }]]) };
}

export function noteClosed(book: EtcBook, path: string): EtcBook {
  if (!book.open.has(path)) return book;
  return { ...book, open: new Map([...book.open].filter(([other]) => other !== path)) };
}

export function noteReverted(book: EtcBook, path: string): EtcBook {
  const closed = noteClosed(book, path);
  return { ...closed, reverted: closed.reverted + 1 };
}

/** After a whole sweep: what it did not see again is over (its entry left the closure, or its stale link is gone). */
export function noteSwept(
  book: EtcBook,
  sweep: { at: string; managed: number; seen: ReadonlySet<string> },
): EtcBook {
  const open = new Map([...book.open].filter(([path]) => sweep.seen.has(path)));
  return { ...book, open, managed: sweep.managed, lastSweepAt: sweep.at };
}

export function summaryOf(book: EtcBook): DriftSummary {
  return {
    lastSweepAt: book.lastSweepAt,
    managed: book.managed,
    open: [...book.open.values()].slice(0, shownItems).map(({ item }) => item),
    openCount: book.open.size,
    reverted: book.reverted,
  };
}

/** What was found may change its size every second (a log that somebody put there): type and kind are the news. */
function isSameItem(a: DriftItem, b: DriftItem): boolean {
  return a.kind === b.kind && a.found.type === b.found.type && a.found.target === b.found.target;
}
