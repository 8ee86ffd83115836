/** PURE. The journal of an order that begins. */
import type { StorePath } from "@chimera/proto/names";
import type { Desired, Observed } from "./decision.ts";
import { journalVersion, type Journal, type Step } from "./journal.ts";

export type Wanted = Desired & { toplevel: StorePath };

export interface Beginning {
  observed: Observed;
  /** Of the order before. */
  journal: Journal | null;
  desired: Wanted;
  current: StorePath;
}

const noAttempts: Journal["attempts"] = {
  fetch: 0,
  activate: 0,
  commit: 0,
  revert: 0,
  foreign: 0,
  reboot: 0,
  boot: 0,
  contact: 0,
};

export function newJournal({ observed, journal, desired, current }: Beginning): Journal {
  const { profile, bootDefault } = observed.system;
  const unproven = journal !== null && isLeft(journal, current) ? current : null;
  return {
    v: journalVersion,
    order: desired.order,
    toplevel: desired.toplevel,
    probationMs: desired.probationMs,
    activationSeconds: desired.activationSeconds,
    policy: desired.policy,
    step: "accepted",
    bootId: observed.bootId,
    since: observed.uptimeMs,
    healthySince: null,
    retryAt: null,
    before: { current: provenOf(journal, unproven) ?? current, profile, bootDefault },
    failedBefore: [],
    contactBefore: false,
    unit: null,
    unitsStarted: 0,
    deadMan: null,
    attempts: noAttempts,
    rebootReasons: [],
    rebootStage: "none",
    bootEntry: null,
    isGoingBack: false,
    transitions: 0,
    systemBack: false,
    bootSet: false,
    bootTouched: false,
    lastCommitted: journal?.step === "committed" ? journal.toplevel : (journal?.lastCommitted ?? null),
    unproven,
    unhealthy: null,
    blame: "none",
    problem: null,
  };
}

/** What ran before a system that is being left; null where nothing is. */
function provenOf(journal: Journal | null, unproven: StorePath | null): StorePath | null {
  return unproven === null || journal === null ? null : journal.before.current;
}

const left: ReadonlySet<Step> = new Set<Step>(["staged-for-reboot", "revert-failed", "stuck", "refused"]);

/** What runs is a system that the order before was going back from: it is no way back for the next one. */
function isLeft({ step, toplevel, before, lastCommitted }: Journal, current: StorePath): boolean {
  return left.has(step) && current === toplevel && current !== lastCommitted && before.current !== current;
}
