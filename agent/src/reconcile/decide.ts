/**
 * PURE. The node's whole judgement: what is seen, what is journalled and what is wanted give one step or one
 * reason to wait. As much as possible belongs here, because here a test needs no machine.
 */
import { comparePlace } from "@chimera/proto/signed/place";
import { decideActivating, decideAccepted, decideStaged } from "./decide-activation.ts";
import { decideCommitted, decideCommitting } from "./decide-commit.ts";
import { decideProbation } from "./decide-probation.ts";
import { decideAfterReboot } from "./decide-reboot.ts";
import { decideReverting } from "./decide-revert.ts";
import { isUndone, undo } from "./decide-way-back.ts";
import type { StorePath } from "@chimera/proto/names";
import type { Decision, Desired, Needs, Observed } from "./decision.ts";
import {
  isRepair,
  isReplaceable,
  isWayBack,
  maxTransitions,
  problemOf,
  stateOf,
  type Journal,
  type Step,
} from "./journal.ts";
import { alarm, go, planned, stand, wait, withEvents, type Situation } from "./plan.ts";

export function decide(observed: Observed, journal: Journal | null, desired: Desired | null): Decision {
  if (desired !== null && takesOver(desired, journal)) return takeOver(observed, journal, desired);
  if (journal === null) {
    return { state: "idle", waiting: { reason: "no-head", detail: "no head was accepted yet" }, plan: null };
  }
  return carryOn({ observed, journal }, desired);
}

/** The next step of what the journal has begun. */
function carryOn(situation: Situation, desired: Desired | null): Decision {
  const { observed, journal } = situation;
  if (journal.bootId !== observed.bootId) return decideAfterReboot(situation);
  if (isUndone(situation, desired)) return undo(situation);
  if (isLoop(journal)) return stuck(situation);
  if (journal.retryAt !== null && observed.uptimeMs < journal.retryAt) {
    return wait(situation, "backing-off", journal.problem?.message ?? "the last attempt failed");
  }
  return rules[journal.step](situation, desired);
}

/** What the next pass must look at; the rest would cost a process for nothing. */
export function needsOf(journal: Journal | null): Needs {
  if (journal === null) return { unit: null, units: false, inhibitorsOf: null, contact: false };
  const { step, toplevel } = journal;
  // A way back waits for nobody's answer.
  const judging = !isWayBack(journal) && (step === "staged" || step === "probation");
  return {
    unit: journal.unit?.name ?? null,
    units: judging || step === "activating",
    inhibitorsOf: step === "staged" ? toplevel : null,
    contact: judging,
  };
}

const rules: Record<Step, (situation: Situation, desired: Desired | null) => Decision> = {
  accepted: decideAccepted,
  staged: decideStaged,
  activating: decideActivating,
  probation: decideProbation,
  committing: decideCommitting,
  committed: decideCommitted,
  reverting: decideReverting,
  "staged-for-reboot": (situation) => rest(situation, "needs-reboot"),
  reverted: (situation) => rest(situation, "reverted"),
  "revert-failed": (situation) => rest(situation, "revert-failed"),
  refused: (situation) => rest(situation, "refused"),
  stuck: (situation) => rest(situation, "stuck"),
};

/** Only a newer head ends this: the same toplevel is not tried again for the same order. */
function rest(situation: Situation, reason: string): Decision {
  return wait(situation, reason, situation.journal.problem?.message ?? "waiting for a newer head");
}

/**
 * Only a higher order, and only while nothing is half done: a begun activation is finished or undone first. Two ways back
 * from one head may lead elsewhere: the one that was accepted counts.
 */
function takesOver(desired: Desired, journal: Journal | null): boolean {
  if (journal === null) return true;
  if (!isReplaceable(journal)) return false;
  const order = comparePlace(desired.order, journal.order);
  if (order !== 0 || !isWayBack(desired)) return order > 0;
  return desired.order.id !== journal.order.id && desired.toplevel !== journal.toplevel;
}

function takeOver(observed: Observed, journal: Journal | null, desired: Desired): Decision {
  const { blocked, toplevel } = desired;
  if (blocked === null && toplevel !== null) return begin(observed, journal, { ...desired, toplevel });
  const upkeep = journal === null || isSuperseded(journal) ? null : carryOn({ observed, journal }, desired);
  if (upkeep?.plan || blocked === null) return upkeep ?? stand(journal, noTarget);
  return stand(journal, blocked);
}

const noTarget = { state: null, reason: "no-target", detail: "no system is known", repairs: false };

/** Not begun, and not to be begun any more, even while the newer order may not begin either. */
function isSuperseded(journal: Journal): boolean {
  return (journal.step === "accepted" || journal.step === "staged") && !isRepair(journal);
}

type Wanted = Desired & { toplevel: StorePath };

function begin(observed: Observed, journal: Journal | null, desired: Wanted): Decision {
  const { current, profile, bootDefault } = observed.system;
  if (current === null) {
    const detail = "the running system could not be read";
    return { state: stateOf(journal), waiting: { reason: "system-unknown", detail }, plan: null };
  }
  const record: Journal = {
    v: 1,
    order: desired.order,
    toplevel: desired.toplevel,
    probationMs: desired.probationMs,
    activationSeconds: desired.activationSeconds,
    step: "accepted",
    bootId: observed.bootId,
    since: observed.uptimeMs,
    healthySince: null,
    retryAt: null,
    before: { current, profile, bootDefault },
    failedBefore: [],
    contactBefore: false,
    unit: null,
    unitsStarted: 0,
    attempts: { fetch: 0, activate: 0, commit: 0, revert: 0, foreign: 0 },
    transitions: 0,
    systemBack: false,
    bootSet: false,
    lastCommitted: journal?.step === "committed" ? journal.toplevel : (journal?.lastCommitted ?? null),
    blame: "none",
    problem: null,
  };
  return planned(journal, { journal: record, action: null, events: [] });
}

function isLoop({ step, transitions }: Journal): boolean {
  const active = step === "activating" || step === "probation" || step === "committing";
  return transitions > maxTransitions && (active || step === "staged" || step === "reverting");
}

/** Nothing more is tried by itself: what a loop breaker ends needs a person or a newer head. */
function stuck(situation: Situation): Decision {
  const { observed, journal } = situation;
  const message = `more than ${maxTransitions} steps for one order, the last in ${journal.step}`;
  const decision = go(situation, {
    step: "stuck",
    problem: problemOf("activation-failed", message, observed),
  });
  return withEvents(decision, [alarm("activation-failed", message)]);
}
