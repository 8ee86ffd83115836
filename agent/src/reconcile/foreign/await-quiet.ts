/**
 * PURE. Somebody else's system is put back only when it is still the same after a while, and nobody is activating anything:
 * `nixos-rebuild` moves the profile first, `activate` by hand holds no lock, and neither must be undone half-way.
 */
import type { Decision, SystemPointers } from "../decision.ts";
import type { ForeignRecord } from "./foreign-record.ts";
import { go, wait, type Situation } from "../plan.ts";
import { runsBooted } from "./runs-booted.ts";

/** Between the look that found it and the one that puts it back. */
export const quietMs = 30_000;

/** Null once it may be put back. */
export function awaitQuiet(situation: Situation, detail: string): Decision | null {
  const { observed, journal } = situation;
  const { seen } = journal.foreign;
  if (seen === null || !isSame(seen, observed.system)) return noteSeen(situation);
  const forMs = observed.uptimeMs - seen.sinceMs;
  if (observed.switching !== null) {
    const text = `${detail}; somebody switches now: ${observed.switching}`;
    return forMs >= quietMs ? noteSeen(situation) : wait(situation, "foreign-system", text);
  }
  if (forMs >= quietMs || runsBooted(situation)) return null;
  const left = Math.ceil((quietMs - forMs) / 1000);
  return wait(situation, "foreign-system", `${detail}; put back in ${left} s if it stays`);
}

/** What was seen is over: the next one is seen for the first time. Null where there was nothing. */
export function forgetSeen(situation: Situation): Decision | null {
  const { foreign, transitions } = situation.journal;
  if (foreign.seen === null) return null;
  return go(situation, { foreign: { ...foreign, seen: null }, transitions });
}

function noteSeen(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { current, profile, bootDefault } = observed.system;
  const seen = { current, profile, bootDefault, sinceMs: observed.uptimeMs };
  // No step of the order: it is at rest.
  return go(situation, { foreign: { ...journal.foreign, seen }, transitions: journal.transitions });
}

function isSame(seen: NonNullable<ForeignRecord["seen"]>, system: SystemPointers): boolean {
  const { current, profile, bootDefault } = system;
  return seen.current === current && seen.profile === profile && seen.bootDefault === bootDefault;
}
