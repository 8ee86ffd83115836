/** PURE. The journal of an order that begins. */
import type { StorePath } from "@chimera/proto/names";
import type { Desired, Observed } from "./decision.ts";
import { permanentSystem } from "./permanent-system.ts";
import { homeOf, isWayBack, journalVersion, type Journal, type Step } from "./journal.ts";

export type Wanted = Desired & { toplevel: StorePath };

export interface Beginning {
  observed: Observed;
  /** Of the order before. */
  journal: Journal | null;
  desired: Wanted;
  current: StorePath;
}

/** Nothing of the order is done yet. */
const nothingDone = {
  step: "accepted",
  healthySince: null,
  retryAt: null,
  failedBefore: [],
  contactBefore: false,
  unit: null,
  unitsStarted: 0,
  attempts: { fetch: 0, activate: 0, commit: 0, revert: 0, foreign: 0, reboot: 0, boot: 0, contact: 0 },
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
  blame: "none",
  problem: null,
} satisfies Partial<Journal>;

export function newJournal(beginning: Beginning): Journal {
  const { observed, journal, desired, current } = beginning;
  const home = provenHome(observed, journal, current);
  const unproven = home === current ? null : current;
  const { order, toplevel, probationMs, activationSeconds, policy } = desired;
  // What names a system without a proof would lead there again.
  const isProven = (named: StorePath | null) => named === null || (named !== toplevel && named !== unproven);
  const proven = (named: StorePath | null) => (isProven(named) ? named : home);
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
    lastCommitted: journal?.step === "committed" ? journal.toplevel : (journal?.lastCommitted ?? null),
    unproven,
  };
}

/** Where this order's way back leads: what runs, unless that is not proven. */
function provenHome(observed: Observed, journal: Journal | null, current: StorePath): StorePath {
  // Nobody knows what was begun before.
  if (journal === null) return permanentSystem(observed.system) ?? current;
  return isLeft(journal, current) ? (homeOf(journal) ?? current) : current;
}

/** What was only announced has left nothing. */
const begun = (step: Step) => step !== "accepted" && step !== "staged";

/** What runs is no way back: the order before was going back from it, or has not proved it. */
function isLeft(journal: Journal, current: StorePath): boolean {
  const { step, toplevel, unproven, lastCommitted } = journal;
  if (step === "committed" || current === homeOf(journal)) return false;
  if (current === unproven || (isWayBack(journal) && begun(step))) return true;
  return current === toplevel && current !== lastCommitted;
}
