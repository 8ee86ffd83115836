/**
 * PURE. The node's whole judgement: what is seen, what is journalled and what is wanted give one step or one
 * reason to wait. As much as possible belongs here, because here a test needs no machine.
 */
import { comparePlace } from "@chimera/proto/signed/place";
import { decideAccepted } from "./forward/decide-accepted.ts";
import { decideActivating } from "./forward/decide-activation.ts";
import { decideCommitted, decideCommitting } from "./forward/decide-commit.ts";
import { decideProbation } from "./forward/decide-probation.ts";
import { decideAfterReboot } from "./reboot/after-reboot.ts";
import { decideDrained } from "./reboot/decide-drained.ts";
import { decidePreparing } from "./reboot/decide-preparing.ts";
import { decideStagedForReboot } from "./reboot/decide-staged-for-reboot.ts";
import { decideRebooting } from "./reboot/order-restart.ts";
import { decideReverted } from "./back/decide-reverted.ts";
import { decideRevertFailed } from "./back/decide-revert-failed.ts";
import { decideReverting } from "./back/decide-revert.ts";
import { decideArming, decideStaged } from "./forward/decide-staged.ts";
import { isUndone, undo } from "./back/decide-way-back.ts";
import type { Decision, Desired, Observed } from "./decision.ts";
import {
  isPanicWaiting,
  isRepair,
  isReplaceable,
  isResting,
  isSignedWayBack,
  isWayBack,
  maxTransitions,
  problemOf,
  type DeadMan,
  type Journal,
  type Step,
} from "./journal.ts";
import { newJournal, type Wanted } from "./new-journal.ts";
import { alarm, go, goThen, planned, rest, stand, wait, withEvents, type Situation } from "./plan.ts";
import type { Reserve } from "./preflight/judge-preflight.ts";
import type { Sight } from "./sight.ts";
import { stateOf } from "./state-of.ts";
import { decideUpkeep } from "./upkeep.ts";

/** What pre-flight leaves free where the node's module says nothing else. */
const usualReserve: Reserve = { storeBytes: 512 << 20, bootBytes: 32 << 20 };

export function decide(observed: Sight, journal: Journal | null, desired: Desired | null): Decision {
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
  return (
    decideUpkeep(situation) ??
    pauseOf(situation) ??
    decideDrained(situation) ??
    rules[journal.step](situation, desired, observed.reserve ?? usualReserve)
  );
}

/** What comes before the step's own rule: a pause after a failure, and at an order's end the timer that is left. */
function pauseOf(situation: Situation): Decision | null {
  const { observed, journal } = situation;
  const { retryAt, deadMan, problem } = journal;
  const isPaused = retryAt !== null && observed.uptimeMs < retryAt;
  // Nothing depends on the timer: what stands against its end holds up nothing else.
  if (deadMan !== null && isResting(journal)) return isPaused ? null : disarm(situation, deadMan);
  return isPaused ? wait(situation, "backing-off", problem?.message ?? "the last attempt failed") : null;
}

/** A timer that is left behind does nothing: it finds a journal at rest. But it need not be left. */
function disarm(situation: Situation, { atMs }: DeadMan): Decision {
  const { observed, journal } = situation;
  // One that could not be disarmed has fired meanwhile, and found the journal at rest.
  if (journal.retryAt !== null && observed.uptimeMs > atMs) return go(situation, { deadMan: null });
  return goThen(situation, { kind: "disarm-dead-man" }, { deadMan: null });
}

type Rule = (situation: Situation, desired: Desired | null, reserve: Reserve) => Decision;

const rules: Record<Step, Rule> = {
  accepted: decideAccepted,
  staged: decideStaged,
  arming: decideArming,
  activating: decideActivating,
  probation: decideProbation,
  committing: decideCommitting,
  committed: decideCommitted,
  "staged-for-reboot": decideStagedForReboot,
  "preparing-reboot": decidePreparing,
  rebooting: decideRebooting,
  reverting: decideReverting,
  "falling-back": decideRebooting,
  reverted: decideReverted,
  "revert-failed": decideRevertFailed,
  refused: (situation) => rest(situation, "refused"),
  stuck: (situation) => rest(situation, "stuck"),
};

/**
 * Only a higher order, and only while nothing is half done: a begun activation is finished or undone first. Two ways back
 * from one head may lead elsewhere: the one that was accepted counts.
 */
function takesOver(desired: Desired, journal: Journal | null): boolean {
  if (journal === null) return true;
  if (!isReplaceable(journal) || mustWait(desired, journal)) return false;
  const order = comparePlace(desired.order, journal.order);
  if (order !== 0) return order > 0;
  if (desired.order.id === journal.order.id) return false;
  // What root orders on the node stands on the place of the document below it, and gives way to that in the end.
  if (desired.order.local !== null || journal.order.local !== null) return true;
  return isWayBack(desired) && desired.toplevel !== journal.toplevel;
}

/** For a panic between two tries, or for work that is coming back, in bounded time: no way back waits for that. */
function mustWait(desired: Desired, journal: Journal): boolean {
  if (isPanicWaiting(journal) && !isSignedWayBack(desired)) return true;
  return journal.unit?.action === "undrain" && !isWayBack(desired);
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

function begin(observed: Observed, journal: Journal | null, desired: Wanted): Decision {
  const { current } = observed.system;
  if (current === null) {
    const detail = "the running system could not be read";
    return { state: stateOf(journal), waiting: { reason: "system-unknown", detail }, plan: null };
  }
  const next = newJournal({ observed, journal, desired, current });
  return planned(journal, { journal: next, action: null, afterwards: null, events: [] });
}

function isLoop(journal: Journal): boolean {
  return journal.transitions > maxTransitions && !isResting(journal) && journal.step !== "accepted";
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
