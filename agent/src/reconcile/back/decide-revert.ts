/** PURE. The way back: activate what ran before, then put back what names the new system, then rest. */
import type { StorePath } from "@chimera/proto/names";
import { backoffMs } from "../backoff.ts";
import { fallBack } from "../reboot/order-restart.ts";
import type { Action, Decision, Desired, UnitFact } from "../decision.ts";
import { isLeftBooted } from "../foreign/booted-other.ts";
import { isToolProblem, problemOf, type Journal, type UnitRecord } from "../journal.ts";
import {
  alarm,
  collect,
  go,
  goThen,
  isLockedOut,
  startUnit,
  tryLater,
  wait,
  withEvents,
  type Situation,
} from "../plan.ts";
import { judgeWayBack } from "../preflight/judge-preflight.ts";
import { wrongPointer } from "./wrong-pointer.ts";

/** Of activating what ran before. */
const maxAttempts = 4;

/** Of setting the profile, and of setting the boot default. */
const maxPointerAttempts = 3;

/** So long another switch may hold the lock; then ours finds out by itself. */
const lockMs = 5_000;

/** What the names of this step's own units begin with. */
const revertPrefix = "chimera-revert";

/** Codes after which the previous system runs, as far as it ever did. */
const arrived: ReadonlySet<number | null> = new Set([0, 4]);

export function decideReverting(situation: Situation, desired: Desired | null): Decision {
  const { observed, journal } = situation;
  if (observed.system.current === null) {
    return wait(situation, "system-unknown", "the running system could not be read");
  }
  if (journal.unit !== null) return awaitUnit(situation, journal.unit);
  const isSpent = journal.attempts.revert >= maxTries(journal);
  if (mayBootOnce(situation)) return goThen(situation, { kind: "clear-boot-once" }, { bootEntry: null });
  const previous = journal.before.current;
  if (previous === null) return failed(situation, "no previous system is known");
  if (isHome(situation, previous)) return arrive(situation, previous);
  // What names the new system goes; what was booted in its place is left.
  if (isLeftBooted(situation, desired)) return arrive(situation, previous);
  return isSpent ? endSpent(situation, previous) : goHome(situation, previous);
}

/** An entry that this boot came by is used up. One that cannot be cleared would be booted once more, and left again. */
function mayBootOnce({ observed, journal }: Situation): boolean {
  const { bootEntry, toplevel, attempts } = journal;
  return bootEntry !== null && observed.system.booted !== toplevel && attempts.entry < maxPointerAttempts;
}

/** What was just tried forward is hardly worth it. */
function maxTries({ before, toplevel }: Journal): number {
  return before.current === toplevel ? 2 : maxAttempts;
}

/** Should it be restarted all the same, it is to end on what ran before. */
function endSpent(situation: Situation, previous: StorePath): Decision {
  const { problem } = situation.journal;
  return (
    putBackPointers(situation, previous) ??
    failed(situation, problem?.message ?? "the previous system could not be activated")
  );
}

function goHome(situation: Situation, previous: StorePath): Decision {
  if (situation.observed.preflight?.isSystem === false) {
    return failed(situation, `${previous} is not there any more`);
  }
  const reasons = restartReasons(situation);
  return reasons.length > 0
    ? goBackByRestart(situation, { previous, reasons })
    : activatePrevious(situation, previous);
}

/** Where the new system ran before the order already, there is nothing to activate. */
function isHome({ observed, journal }: Situation, previous: StorePath): boolean {
  const activated = journal.systemBack || previous === journal.toplevel;
  return activated && observed.system.current === previous;
}

/** What runs is right; what names the new system must go too. */
function arrive(situation: Situation, previous: StorePath): Decision {
  const pointers = putBackPointers(situation, previous);
  return pointers ?? go(situation, { step: "reverted", isGoingBack: false });
}

function activatePrevious(situation: Situation, previous: StorePath): Decision {
  const { observed, journal } = situation;
  const isLocked = (observed.preflight?.switchLock ?? null) !== null;
  if (isLocked && observed.uptimeMs - journal.since < lockMs) {
    return wait(situation, "switch-locked", "another switch is given five seconds to end");
  }
  return startUnit(
    situation,
    { prefix: revertPrefix, action: "test", toplevel: previous },
    { systemBack: false },
  );
}

/** Why the previous system cannot be activated live; empty where it can. */
function restartReasons({ observed, journal }: Situation): string[] {
  const { booted, current } = observed.system;
  const { preflight } = observed;
  // It came by a restart, with its own kernel: only another restart brings the previous one whole.
  if (journal.rebootReasons.length > 0 && booted === journal.toplevel && current === booted) {
    return journal.rebootReasons;
  }
  const verdict = preflight === null ? null : judgeWayBack(preflight);
  return verdict?.kind === "reboot" ? verdict.reasons : [];
}

/** What the loader boots is what ran before; the restart itself was either allowed with the order, or is waited for. */
function goBackByRestart(
  situation: Situation,
  { previous, reasons }: { previous: StorePath; reasons: string[] },
): Decision {
  const { journal, observed } = situation;
  const pointers = putBackPointers(situation, previous);
  if (pointers !== null) return pointers;
  const cameByRestart = observed.system.booted === journal.toplevel && journal.rebootReasons.length > 0;
  if (cameByRestart || journal.policy.panicReboot === "now") {
    return fallBack({ observed, journal: { ...journal, isGoingBack: true } });
  }
  return go(situation, { step: "staged-for-reboot", isGoingBack: true, rebootReasons: reasons });
}

/** Null when nothing names a system without a proof any more. */
function putBackPointers(situation: Situation, previous: StorePath): Decision | null {
  const pointer = wrongPointer(situation, previous);
  if (pointer === null) return null;
  const { attempts } = situation.journal;
  const tried = attempts[pointer.counter] + 1;
  if (tried > maxPointerAttempts) {
    return failed(situation, "what names the new system could not be put back");
  }
  const changes = { attempts: { ...attempts, [pointer.counter]: tried } };
  const { toplevel } = pointer;
  if (pointer.counter === "commit") return go(situation, changes, { kind: "set-profile", toplevel });
  return startUnit(situation, { prefix: `${revertPrefix}-boot`, action: "boot", toplevel }, changes);
}

function awaitUnit(situation: Situation, record: UnitRecord): Decision {
  const { unit } = situation.observed;
  if (unit === null) return wait(situation, "unit-unknown", "systemd did not say how the revert is doing");
  const isOwn = record.name.startsWith(revertPrefix);
  return isOwn ? awaitOwn(situation, record, unit) : endUndone(situation, record, unit);
}

function awaitOwn(situation: Situation, record: UnitRecord, unit: UnitFact): Decision {
  if (unit.kind === "running") return wait(situation, "revert-running", record.name);
  if (unit.kind === "absent") return unitGone(situation);
  const done = unit.result === "exited" && arrived.has(unit.exitCode);
  if (isLockedOut(unit)) return tryLater(situation, {});
  if (!done) return attemptFailed(situation, `going back ended with ${unit.exitCode ?? unit.result}`);
  const back: Partial<Journal> = record.action === "test" ? { systemBack: true } : { bootTouched: false };
  return go(situation, { ...back, unit: null }, collect(record));
}

/** Either it was never started, since the tool that starts units failed, or somebody ended it. */
function unitGone(situation: Situation): Decision {
  const { journal } = situation;
  const message = "the unit of the revert is gone";
  const decision = attemptFailed(situation, message);
  const { plan } = decision;
  if (plan === null || !isToolProblem(journal)) return decision;
  return { ...decision, plan: { ...plan, journal: { ...plan.journal, problem: journal.problem } } };
}

/** The activation that is undone: the agent may have been killed before it ended it. */
function endUndone(situation: Situation, record: UnitRecord, unit: UnitFact): Decision {
  if (unit.kind === "absent") return go(situation, { unit: null });
  if (unit.kind === "ended") return go(situation, { unit: null }, collect(record));
  const message = `${record.name} did not end`;
  if (situation.journal.attempts.revert >= maxTries(situation.journal)) return failed(situation, message);
  return attemptFailed(situation, message, {
    unit: record,
    action: { kind: "stop-unit", name: record.name },
  });
}

function attemptFailed(
  situation: Situation,
  message: string,
  next: { unit: UnitRecord | null; action: Action | null } = {
    unit: null,
    action: collect(situation.journal.unit),
  },
): Decision {
  const { observed, journal } = situation;
  const { attempts } = journal;
  // Setting the boot default was counted when it was begun.
  const isCounted = journal.unit?.name.startsWith(revertPrefix) === true && journal.unit.action === "boot";
  const revert = attempts.revert + (isCounted ? 0 : 1);
  return go(
    situation,
    {
      unit: next.unit,
      attempts: { ...attempts, revert },
      retryAt: observed.uptimeMs + backoffMs(isCounted ? attempts.boot : revert),
      problem: problemOf("activation-failed", message, observed),
    },
    next.action,
  );
}

/** One restart, where the policy allows it and the loader's default is what ran before; else a person is called. */
function failed(situation: Situation, message: string): Decision {
  const { observed, journal } = situation;
  const { policy, attempts, before } = journal;
  const problem = problemOf(isToolProblem(journal) ? "tool-failed" : "activation-failed", message, observed);
  const events = [alarm("activation-failed", `revert failed: ${message}`)];
  const isThere = observed.preflight?.isSystem !== false;
  const leadsHome = before.current !== null && isThere && observed.system.bootDefault === before.current;
  if (policy.panicReboot === "now" && attempts.reboot === 0 && leadsHome) {
    const tried = { ...journal, problem, isGoingBack: true, attempts: { ...attempts, reboot: 1 } };
    return withEvents(fallBack({ observed, journal: tried }), events);
  }
  return withEvents(go(situation, { step: "revert-failed", unit: null, problem }), events);
}
