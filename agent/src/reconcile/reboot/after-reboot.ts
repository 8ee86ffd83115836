/**
 * PURE. The machine restarted since the journal was written: units are gone and times count anew. Before commit
 * nothing persistent names the new system, so what runs now says what happened.
 */
import type { StorePath } from "@chimera/proto/names";
import { deadManOf } from "../forward/dead-man.ts";
import type { Decision } from "../decision.ts";
import { bootedOther } from "../foreign/booted-other.ts";
import { homeOf, isRepair, isWayBack, problemOf, type Journal, type Step } from "../journal.ts";
import { alarm, go, wait, withEvents, type Situation } from "../plan.ts";

const unfinished: ReadonlySet<Step> = new Set<Step>([
  "arming",
  "activating",
  "probation",
  "committing",
  "preparing-reboot",
]);

const maxReturns = 2;

export function decideAfterReboot(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { step } = journal;
  const { current } = observed.system;
  if (hasComeHome(situation)) return bootedHome(situation);
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  const isAwaited = awaitsRestart(journal);
  // A machine may restart as often as it likes while an order waits: that is no step of it.
  if (!isAwaited && !unfinished.has(step)) {
    return go(situation, fresh(situation, { step, transitions: journal.transitions }));
  }
  if (step === "rebooting") return afterExpected(situation, current);
  if (isAwaited) return afterGoingBack(situation, current);
  const problem = problemOf("activation-failed", `the machine restarted while ${step}`, observed);
  // Whatever it was to be brought back from, it is the committed one still.
  const isCommitted = isRepair(journal) && !isWayBack(journal);
  const next = isCommitted
    ? { step: "committed" as const, problem: null }
    : resume(journal, current, problem);
  return go(situation, fresh(situation, next));
}

function awaitsRestart({ step, isGoingBack }: Journal): boolean {
  return step === "rebooting" || step === "falling-back" || (step === "staged-for-reboot" && isGoingBack);
}

function hasComeHome({ observed, journal }: Situation): boolean {
  const { current } = observed.system;
  const isGoing = journal.step === "reverting" || journal.step === "revert-failed";
  return isGoing && current !== null && current === homeOf(journal);
}

/** What ran before was booted whole: nothing need be activated any more, whatever stood against it. */
function bootedHome(situation: Situation): Decision {
  const { journal } = situation;
  const step = isWayBack(journal) ? "committing" : "reverting";
  const attempts = { ...journal.attempts, revert: 0, activate: 0 };
  return go(
    situation,
    fresh(situation, { step, systemBack: true, isGoingBack: false, attempts, transitions: 0 }),
  );
}

/** Where the step that was cut short goes on, by what runs now. */
function resume(journal: Journal, current: StorePath, problem: Journal["problem"]): Partial<Journal> {
  const { step } = journal;
  const runsNew = current === journal.toplevel;
  if (isWayBack(journal)) return { step: runsNew ? "committing" : "staged", problem };
  // Its timer went with the boot: a system that still has to prove itself gets another.
  if (runsNew && step !== "preparing-reboot") return { step: step === "committing" ? step : "arming" };
  if (current !== journal.before.current) {
    return { step: "reverting", systemBack: false, problem, blame: "none" };
  }
  // Proven, but not yet on the loader: it is activated and proves itself again, and the way back stays what it was.
  if (step === "committing") return { step: "staged", problem };
  // What was written for the restart is put back; nothing of it had become the default.
  if (step === "preparing-reboot") return { step: "reverting", systemBack: true, problem, blame: "none" };
  // What ran before runs; what a commit before this may have moved is put back.
  return { step: "reverting", systemBack: true, problem, blame: "none" };
}

/** The restart that was ordered: one try, and the loader's answer is final. */
function afterExpected(situation: Situation, current: StorePath): Decision {
  const { journal, observed } = situation;
  if (journal.isGoingBack || isWayBack(journal)) return afterGoingBack(situation, current);
  const armed = { ...journal, attempts: { ...journal.attempts, reboot: journal.attempts.reboot + 1 } };
  if (current === journal.toplevel) {
    const deadMan = deadManOf(armed, observed.uptimeMs);
    const previous = journal.before.current ?? current;
    return go(
      situation,
      fresh(situation, {
        step: "arming",
        deadMan,
        attempts: armed.attempts,
        failedBefore: journal.failedBefore,
      }),
      { kind: "arm-dead-man", order: journal.order.id, unit: deadMan.unit, atMs: deadMan.atMs, previous },
    );
  }
  const message = `${journal.toplevel} did not boot: the loader fell back to ${current}`;
  const problem = problemOf("activation-failed", message, observed);
  const isHome = current === journal.before.current;
  return go(
    situation,
    fresh(situation, { step: "reverting", systemBack: isHome, blame: "toplevel", problem, bootEntry: null }),
  );
}

/** On another system than the one it was to lead to: what ran before is activated live, and then it is over. */
function afterGoingBack(situation: Situation, current: StorePath): Decision {
  const { journal, observed } = situation;
  if (current === homeOf(journal)) {
    const step = isWayBack(journal) ? "committing" : "reverting";
    const attempts = { ...journal.attempts, revert: 0 };
    return go(situation, fresh(situation, { step, systemBack: true, isGoingBack: false, attempts }));
  }
  const attempts = { ...journal.attempts, reboot: journal.attempts.reboot + 1 };
  const message = `the restart that was to go back ended on ${current}`;
  const problem = problemOf("activation-failed", message, observed);
  const isOver = attempts.reboot > maxReturns || isWayBack(journal);
  const step = isOver ? "revert-failed" : "reverting";
  const decision = go(
    situation,
    fresh(situation, { step, attempts, systemBack: false, isGoingBack: false, problem }),
  );
  return withEvents(decision, [alarm("activation-failed", message)]);
}

function fresh(situation: Situation, changes: Partial<Journal>): Partial<Journal> {
  const { observed, journal } = situation;
  const { attempts = journal.attempts, ...others } = changes;
  return {
    attempts: { ...attempts, commit: 0, boot: 0 },
    since: observed.uptimeMs,
    healthySince: null,
    retryAt: null,
    unit: null,
    bootSet: false,
    deadMan: null,
    isEndUnknown: false,
    foreign: { booted: bootedOther(situation), seen: null },
    drained: journal.drained === null ? null : { ...journal.drained, retryAt: null, left: null },
    ...others,
  };
}
