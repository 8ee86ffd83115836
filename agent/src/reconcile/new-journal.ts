/** PURE. The journal of an order that begins. */
import type { StorePath } from "@chimera/proto/names";
import type { Desired } from "./decision.ts";
import { nothingForeign } from "./foreign/foreign-record.ts";
import type { Sight } from "./sight.ts";
import { permanentSystem } from "./permanent-system.ts";
import { homeOf, isSignedWayBack, isWayBack, journalVersion, type Journal, type Step } from "./journal.ts";

export type Wanted = Desired & { toplevel: StorePath };

export interface Beginning {
  observed: Sight;
  /** Of the order before. */
  journal: Journal | null;
  desired: Wanted;
  current: StorePath;
}

export const noAttempts: Journal["attempts"] = {
  fetch: 0,
  activate: 0,
  commit: 0,
  revert: 0,
  foreign: 0,
  reboot: 0,
  boot: 0,
  contact: 0,
  entry: 0,
  locked: 0,
};

/** Nothing of the order is done yet. */
const nothingDone = {
  step: "accepted",
  healthySince: null,
  retryAt: null,
  failedBefore: [],
  contactBefore: false,
  unit: null,
  unitsStarted: 0,
  attempts: noAttempts,
  isEndUnknown: false,
  rebootReasons: [],
  rebootStage: "none",
  bootEntry: null,
  isGoingBack: false,
  isRestartOrdered: false,
  transitions: 0,
  systemBack: false,
  bootSet: false,
  bootTouched: false,
  unhealthy: null,
  foreign: nothingForeign,
  blame: "none",
  problem: null,
} satisfies Partial<Journal>;

export function newJournal(beginning: Beginning): Journal {
  const { observed, journal, desired, current } = beginning;
  const home = provenHome(beginning);
  const unproven = home === current ? null : current;
  const { order, toplevel, probationMs, activationSeconds, policy } = desired;
  // What the order before named without a proof would lead there again; what its owner named is his.
  const isOurs = (named: StorePath) =>
    named === unproven || (named === toplevel && journal !== null && isHalfDone(journal, named));
  const proven = (named: StorePath | null) => (named !== null && isOurs(named) ? home : named);
  const { profile, bootDefault } = observed.system;
  return {
    ...nothingDone,
    v: journalVersion,
    order,
    toplevel,
    probationMs,
    activationSeconds,
    policy,
    bootId: observed.bootId,
    since: observed.uptimeMs,
    before: { current: home, profile: proven(profile), bootDefault: proven(bootDefault) },
    // Of the order before, as long as nobody disarmed it.
    deadMan: journal?.bootId === observed.bootId ? journal.deadMan : null,
    ...lastCommit(journal),
    unproven,
    drained: stillDrained(journal, observed.bootId),
  };
}

/** What was committed before this order, and how that is looked after. */
function lastCommit(journal: Journal | null): Pick<Journal, "lastCommitted" | "upkeep"> {
  if (journal === null) return { lastCommitted: null, upkeep: null };
  const { step, toplevel, policy, lastCommitted, upkeep } = journal;
  return step === "committed" ? { lastCommitted: toplevel, upkeep: policy } : { lastCommitted, upkeep };
}

/** What an order before emptied is owed its work whatever comes next. */
function stillDrained(journal: Journal | null, bootId: string): Journal["drained"] {
  if (journal === null || journal.drained === null) return null;
  const { drained, unit } = journal;
  if (journal.bootId !== bootId) return { ...drained, retryAt: null, left: null };
  return unit?.action === "undrain" ? { ...drained, left: unit.name } : drained;
}

/** Whether a pointer may name this system by what the order before began and did not end. */
function isHalfDone(journal: Journal, named: StorePath): boolean {
  return journal.step !== "committed" && !isWayBack(journal) && journal.toplevel === named;
}

/** Where this order's way back leads: what runs, unless that is not proven. */
function provenHome({ observed, journal, desired, current }: Beginning): StorePath {
  // Nobody knows what was begun before.
  if (journal === null)
    return (observed.isJournalLost === true ? permanentSystem(observed.system) : null) ?? current;
  // What somebody activated over the committed system is no way back from that.
  const isWantedAgain = journal.step === "committed" && journal.toplevel === desired.toplevel;
  if (isWantedAgain && current !== desired.toplevel) return journal.before.current ?? current;
  return isLeft(journal, current) ? (homeOf(journal) ?? current) : current;
}

/** What root only announced has left nothing. A signed way back says of what it leaves that it must not run. */
const begun = (step: Step) => step !== "accepted" && step !== "staged";

/** What runs is no way back: the order before was going back from it, or has not proved it. */
function isLeft(journal: Journal, current: StorePath): boolean {
  const { step, toplevel, unproven, lastCommitted } = journal;
  if (step === "committed" || current === homeOf(journal)) return false;
  if (current === unproven || isSignedWayBack(journal)) return true;
  if (isWayBack(journal)) return begun(step);
  return current === toplevel && current !== lastCommitted;
}
