/** SHELL. One shift: a walk over all names, then the reading that is due until the next one. The worker may rest in between. */
import { setImmediate } from "node:timers/promises";
import { endRound, nextRead, type ScrubBook } from "../../reconcile/store-drift/scrub-book.ts";
import type { StoreClosure } from "./store-closure.ts";
import type { StoreLook } from "./store-look.ts";

export interface Shift {
  closure: StoreClosure;
  look: StoreLook;
  book: () => ScrubBook;
  setBook: (book: ScrubBook) => void;
  /** Null where bytes are read of suspects only. */
  roundMs: number | null;
  walkMs: number;
  /** Asked before each piece of work; false ends the shift. */
  goOn: () => boolean;
  onWalked: () => void;
}

/** Asked of the worker in one job. */
export const pathsAtOnce = 32;

/** False when it was ended early. */
export async function runShift(shift: Shift): Promise<boolean> {
  const { paths } = shift.closure;
  for (let i = 0; i < paths.length; i += pathsAtOnce) {
    if (!shift.goOn()) return false;
    await shift.look.at(paths.slice(i, i + pathsAtOnce), "suspects");
    await setImmediate();
  }
  shift.onWalked();
  return shift.roundMs === null || readDue(shift, shift.roundMs);
}

async function readDue(shift: Shift, roundMs: number): Promise<boolean> {
  const until = Date.now() + shift.walkMs;
  for (;;) {
    if (!shift.goOn()) return false;
    // What will be due before the next shift is read in this one. It may take longer than until then.
    const nowMs = Math.max(until, Date.now());
    const next = nextRead(shift.book(), shift.closure.paths, { nowMs, roundMs });
    if (next.kind === "wait") return true;
    if (next.kind === "round-ended") {
      shift.setBook(endRound(shift.book(), Date.now()));
      return true;
    }
    await shift.look.at([next.expected], "round");
    shift.setBook({ ...shift.book(), doneUntil: next.dueAt });
  }
}
