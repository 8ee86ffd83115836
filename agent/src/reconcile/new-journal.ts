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
    before: {
      current: unproven === null ? current : (journal?.before.current ?? current),
      profile,
      bootDefault,
    },
    failedBefore: [],
    contactBefore: false,
    unit: null,
    unitsStarted: 0,
    deadMan: null,
    attempts: { fetch: 0, activate: 0, commit: 0, revert: 0, foreign: 0, reboot: 0, boot: 0, contact: 0 },
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

const left: ReadonlySet<Step> = new Set<Step>(["staged-for-reboot", "revert-failed", "stuck", "refused"]);

/** What runs is a system that the order before was going back from: it is no way back for the next one. */
function isLeft({ step, toplevel, before, lastCommitted }: Journal, current: StorePath): boolean {
  return left.has(step) && current === toplevel && current !== lastCommitted && before.current !== current;
}
