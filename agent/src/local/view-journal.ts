/** PURE. The journal as root asks for it on the node: by now's clock, and with what an older journal does not say. */
import type { JournalView } from "@chimera/proto/local-api";
import { isReplaceable, type Journal } from "../reconcile/journal.ts";

export interface BootTime {
  bootId: string;
  uptimeMs: number;
}

export function viewJournal(journal: Journal, now: BootTime): JournalView {
  const isThisBoot = journal.bootId === now.bootId;
  const { order, before, attempts, deadMan, retryAt } = journal;
  const { epoch, serial, rank, id, local } = order;
  const inMs = (atMs: number): number | null => (isThisBoot ? Math.max(0, atMs - now.uptimeMs) : null);
  return {
    step: journal.step,
    isReplaceable: isReplaceable(journal),
    toplevel: journal.toplevel,
    order: { epoch, serial, rank, id, local },
    before,
    attempts,
    transitions: journal.transitions,
    unit: journal.unit?.name ?? null,
    deadMan: deadMan === null ? null : { unit: deadMan.unit, inMs: inMs(deadMan.atMs) },
    stepMs: isThisBoot ? Math.max(0, now.uptimeMs - journal.since) : null,
    retryInMs: retryAt === null ? null : inMs(retryAt),
    isGoingBack: journal.isGoingBack,
    rebootReasons: journal.rebootReasons,
    bootedOther: isThisBoot ? journal.foreign.booted : null,
    unhealthy: journal.unhealthy,
    problem: journal.problem,
  };
}
