/**
 * PURE. The path by a restart. Boot entries are written while the loader's default stays what ran before; the new
 * system is booted once, and only its proof makes it the default. So a restart at any moment lands on what was proven.
 */
import { backoffMs } from "../backoff.ts";
import type { Decision, UnitFact } from "../decision.ts";
import type { RebootStage } from "../journal-restart.ts";
import { isWayBack, problemOf, type Journal } from "../journal.ts";
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
import { restartInto } from "./order-restart.ts";

const maxAttempts = 3;

/** Unprotected, and on a way back, the wanted system becomes the default itself; else what ran before stays it. */
function isDirect({ journal, observed }: Situation): boolean {
  return isWayBack(journal) || observed.preflight?.loader !== "one-shot";
}

export function decidePreparing(situation: Situation): Decision {
  const { journal, observed } = situation;
  if (observed.system.current === null) {
    return wait(situation, "system-unknown", "the running system could not be read");
  }
  if (journal.unit !== null) return awaitUnit(situation);
  if (journal.attempts.reboot >= maxAttempts) return prepareFailed(situation);
  if (observed.preflight === null)
    return wait(situation, "preflight-unknown", "the loader could not be read");
  return stages[journal.rebootStage](situation);
}

const stages: Record<RebootStage, (situation: Situation) => Decision> = {
  none: list,
  listed: restore,
  restored: installEntries,
  installed: drain,
  drained: ordered,
};

/** The new system becomes a generation: the installer writes entries of generations only. */
function list(situation: Situation): Decision {
  const { journal, observed } = situation;
  return observed.system.profile === journal.toplevel
    ? go(situation, { rebootStage: "listed", attempts: { ...journal.attempts, commit: 0 } })
    : setProfile(situation, journal.toplevel);
}

/** The profile goes back to what ran before, so that the installer makes that the default. */
function restore(situation: Situation): Decision {
  const { journal, observed } = situation;
  const { toplevel, before } = journal;
  // Its owner may have named it already: that is no proof.
  const earlier = before.profile === toplevel ? null : before.profile;
  const named = isDirect(situation) ? toplevel : (earlier ?? before.current);
  return named === null || observed.system.profile === named
    ? go(situation, { rebootStage: "restored", attempts: { ...journal.attempts, commit: 0 } })
    : setProfile(situation, named);
}

/** Counted as attempts: a profile that will not stay set is no success. */
function setProfile(situation: Situation, toplevel: Journal["toplevel"]): Decision {
  const { attempts } = situation.journal;
  if (attempts.commit >= maxAttempts) return prepareFailed(situation);
  const tried = { ...attempts, commit: attempts.commit + 1 };
  return go(situation, { attempts: tried }, { kind: "set-profile", toplevel });
}

/** The installer of the system that stays the default writes the entries of all generations, the new one's too. */
function installEntries(situation: Situation): Decision {
  const { journal } = situation;
  const installer = isDirect(situation) ? journal.toplevel : journal.before.current;
  return startUnit(
    situation,
    { prefix: "chimera-entry", action: "boot", toplevel: installer ?? journal.toplevel },
    isDirect(situation) ? { bootTouched: true } : {},
  );
}

function awaitUnit(situation: Situation): Decision {
  const { journal, observed } = situation;
  const { unit } = observed;
  const what = journal.unit?.action === "drain" ? "the drain before the restart" : "writing the boot entries";
  if (unit === null) return wait(situation, "unit-unknown", `systemd did not say how it is doing: ${what}`);
  if (unit.kind === "running") return wait(situation, "entries-running", `${what}${whyOf(situation)}`);
  return unit.kind === "absent" ? unitFailed(situation, `${what} is gone`) : judgeEnd(situation, unit, what);
}

/** Whoever watches a node go down sees why. */
function whyOf({ journal: { rebootReasons } }: Situation): string {
  return rebootReasons.length === 0 ? "" : ` (for ${rebootReasons.join("; ")})`;
}

function judgeEnd(situation: Situation, unit: Extract<UnitFact, { kind: "ended" }>, what: string): Decision {
  const { journal } = situation;
  const isDrain = journal.unit?.action === "drain";
  if (unit.result === "exited" && unit.exitCode === 0) {
    const rebootStage = isDrain ? "drained" : "installed";
    return go(situation, { unit: null, rebootStage }, collect(journal.unit));
  }
  if (!isDrain && isLockedOut(unit)) return tryLater(situation, {});
  return unitFailed(situation, `${what} ended with ${unit.exitCode ?? unit.result}`);
}

function unitFailed(situation: Situation, message: string): Decision {
  const { journal, observed } = situation;
  const reboot = journal.attempts.reboot + 1;
  return go(
    situation,
    {
      unit: null,
      attempts: { ...journal.attempts, reboot },
      retryAt: observed.uptimeMs + backoffMs(reboot),
      problem: problemOf("activation-failed", message, observed),
    },
    collect(journal.unit),
  );
}

/** What was written for the restart is put back like any other half-done order. */
function prepareFailed(situation: Situation): Decision {
  const { journal, observed } = situation;
  const message = journal.problem?.message ?? "the boot entries could not be written";
  const problem = problemOf("activation-failed", message, observed);
  const isBack = isWayBack(journal);
  const step = isBack ? "revert-failed" : "reverting";
  const decision = go(situation, { step, isGoingBack: false, systemBack: true, blame: "none", problem });
  return isBack
    ? withEvents(decision, [alarm("activation-failed", `going back failed: ${message}`)])
    : decision;
}

/** What empties the node runs in a unit of its own: a panic ends it like any other. */
function drain(situation: Situation): Decision {
  const { journal, observed } = situation;
  const runtimeSeconds = observed.drainSeconds ?? null;
  if (runtimeSeconds === null || isWayBack(journal)) return go(situation, { rebootStage: "drained" });
  const { drained } = journal;
  if (drained !== null && drained.left !== null) {
    // What brings work back ends before more of it is taken away: its end would count for what this drain owes.
    const done = { drained: { ...drained, left: null } };
    return goThen(situation, { kind: "stop-unit", name: drained.left }, done);
  }
  return startUnit(
    situation,
    { prefix: "chimera-drain", action: "drain", toplevel: journal.toplevel, runtimeSeconds },
    // Owed from its begin: half a drain is one too.
    { drained: { failures: 0, retryAt: null, left: null } },
  );
}

function ordered(situation: Situation): Decision {
  const { journal, observed } = situation;
  if (isWayBack(journal)) return go(situation, { step: "staged-for-reboot", bootSet: true });
  if (isDirect(situation)) return restartInto(situation, null);
  const { bootEntry, system } = observed;
  if (system.bootDefault === journal.toplevel) {
    return failedWith(situation, "the new system became the loader's default before it was proven");
  }
  if (bootEntry === null) return failedWith(situation, "the loader has no entry for the new system");
  return restartInto(situation, bootEntry);
}

function failedWith(situation: Situation, message: string): Decision {
  const { observed } = situation;
  const problem = problemOf("activation-failed", message, observed);
  return go(situation, { step: "reverting", systemBack: true, blame: "none", problem });
}
