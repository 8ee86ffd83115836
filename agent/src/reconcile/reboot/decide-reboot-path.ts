/**
 * PURE. The path by a restart. Boot entries are written while the loader's default stays what ran before; the new
 * system is booted once, and only its proof makes it the default. So a restart at any moment lands on what was proven.
 */
import type { Decision, Desired } from "../decision.ts";
import { advance, isToolProblem, isWayBack, problemOf, type Journal, type RebootStage } from "../journal.ts";
import { collect, go, planned, refuse, stand, startUnit, wait, type Situation } from "../plan.ts";
import { backoffMs } from "../backoff.ts";
import { snapshot } from "../forward/snapshot.ts";
import { isInWindow } from "./reboot-window.ts";

const maxAttempts = 3;
/** Of ordering a restart: there is nothing that could be done instead. */
const maxOrders = 6;

/** An ordered restart that has not come by then was not carried out: services may take their time to stop. */
const restartMs = 600_000;

export function decideStagedForReboot(situation: Situation, desired: Desired | null): Decision {
  const { journal, observed } = situation;
  const reasons = journal.rebootReasons.join("; ");
  // Somebody restarted into it by hand: it is looked at as any system that runs without being proven.
  if (observed.system.current === journal.toplevel && !journal.isGoingBack)
    return go(situation, { step: "staged" });
  if (journal.isGoingBack) {
    return journal.policy.panicReboot === "now"
      ? fallBack(situation)
      : wait(situation, "needs-reboot", `going back needs a restart: ${reasons}`);
  }
  if (desired !== null && desired.blocked !== null) return stand(journal, desired.blocked);
  if (observed.preflight === null)
    return wait(situation, "preflight-unknown", "the loader could not be read");
  return awaitPolicy(situation, reasons) ?? refusalOf(situation) ?? prepare(situation);
}

/** Null when the policy allows it now. */
function awaitPolicy(situation: Situation, reasons: string): Decision | null {
  const { journal, observed } = situation;
  const { reboot, rebootWindow } = journal.policy;
  if (reboot === "never") {
    return wait(situation, "needs-reboot", `${reasons}; the policy is to restart never`);
  }
  const isOpen = rebootWindow !== null && isInWindow(rebootWindow, observed.at);
  if (reboot === "when-needed" || isOpen) return null;
  const when = rebootWindow === null ? "none is set" : `${rebootWindow.from}-${rebootWindow.to} UTC`;
  return wait(situation, "reboot-window", `${reasons}; waits for the window: ${when}`);
}

function refusalOf(situation: Situation): Decision | null {
  const { journal, observed } = situation;
  const { toplevel, policy } = journal;
  if (observed.preflight?.hasAgent === false) {
    return refuse(situation, "activation-failed", `${toplevel} has no agent: it could not prove itself`);
  }
  if (observed.preflight?.loader === "none" && !policy.acceptUnprotected) {
    const message = "reboot-unprotected: the loader cannot boot it once and come back by itself";
    return refuse(situation, "activation-failed", message);
  }
  return null;
}

function prepare(situation: Situation): Decision {
  if (situation.observed.system.current === null) {
    return wait(situation, "system-unknown", "the running system could not be read");
  }
  return go(situation, {
    ...snapshot(situation),
    step: "preparing-reboot",
    rebootStage: "none",
    transitions: 0,
    bootSet: false,
  });
}

/** Unprotected, and on a way back, the wanted system becomes the default itself; else what ran before stays it. */
function isDirect({ journal, observed }: Situation): boolean {
  return isWayBack(journal) || observed.preflight?.loader !== "one-shot";
}

export function decidePreparing(situation: Situation): Decision {
  const { journal, observed } = situation;
  if (observed.system.current === null) {
    return wait(situation, "system-unknown", "the running system could not be read");
  }
  if (journal.unit !== null) return awaitEntries(situation);
  const { reboot, commit } = journal.attempts;
  if (reboot >= maxAttempts || commit >= maxAttempts) return prepareFailed(situation);
  if (observed.preflight === null)
    return wait(situation, "preflight-unknown", "the loader could not be read");
  return stages[journal.rebootStage](situation);
}

const stages: Record<RebootStage, (situation: Situation) => Decision> = {
  none: list,
  listed: restore,
  restored: installEntries,
  installed: ordered,
};

/** The new system becomes a generation: the installer writes entries of generations only. */
function list(situation: Situation): Decision {
  const { journal, observed } = situation;
  return observed.system.profile === journal.toplevel
    ? go(situation, { rebootStage: "listed" })
    : setProfile(situation, journal.toplevel);
}

/** The profile goes back to what ran before, so that the installer makes that the default. */
function restore(situation: Situation): Decision {
  const { journal, observed } = situation;
  const named = isDirect(situation) ? journal.toplevel : (journal.before.profile ?? journal.before.current);
  return named === null || observed.system.profile === named
    ? go(situation, { rebootStage: "restored" })
    : setProfile(situation, named);
}

/** Counted as attempts: a profile that will not stay set is no success. */
function setProfile(situation: Situation, toplevel: Journal["toplevel"]): Decision {
  const { journal } = situation;
  const attempts = { ...journal.attempts, commit: journal.attempts.commit + 1 };
  return go(situation, { attempts }, { kind: "set-profile", toplevel });
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

function awaitEntries(situation: Situation): Decision {
  const { journal, observed } = situation;
  const { unit } = observed;
  if (unit === null)
    return wait(situation, "unit-unknown", "systemd did not say how the boot entries are doing");
  if (unit.kind === "running") return wait(situation, "entries-running", journal.unit?.name ?? "the unit");
  const done = unit.kind === "ended" && unit.result === "exited" && unit.exitCode === 0;
  if (done) return go(situation, { unit: null, rebootStage: "installed" }, collect(journal.unit));
  const reboot = journal.attempts.reboot + 1;
  const ended = unit.kind === "ended" ? `ended with ${unit.exitCode ?? unit.result}` : "is gone";
  return go(
    situation,
    {
      unit: null,
      attempts: { ...journal.attempts, reboot },
      retryAt: observed.uptimeMs + backoffMs(reboot),
      problem: problemOf("activation-failed", `writing the boot entries ${ended}`, observed),
    },
    collect(journal.unit),
  );
}

/** What was written for the restart is put back like any other half-done order. */
function prepareFailed(situation: Situation): Decision {
  const { journal, observed } = situation;
  const message = journal.problem?.message ?? "the boot entries could not be written";
  const problem = problemOf("activation-failed", message, observed);
  const step = isWayBack(journal) ? "revert-failed" : "reverting";
  return go(situation, { step, isGoingBack: false, systemBack: true, blame: "none", problem });
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

/** The mark that this restart is expected is on disk before it is ordered. */
function restartInto(situation: Situation, entry: string | null): Decision {
  const attempts = { ...situation.journal.attempts, commit: 0, reboot: 0 };
  return order(situation, { step: "rebooting", bootEntry: entry, problem: null, attempts });
}

/** Ends on the loader's default, which is what ran before. */
export function fallBack(situation: Situation): Decision {
  return order(situation, { step: "falling-back", unit: null });
}

/** Once systemd has taken it, that is journalled too: whoever finds it not taken orders it at once. */
function order({ observed, journal }: Situation, changes: Partial<Journal>): Decision {
  const next = { ...journal, ...changes };
  const action =
    next.step === "falling-back"
      ? ({ kind: "reboot", entry: null, drain: false } as const)
      : ({ kind: "reboot", entry: next.bootEntry, drain: true } as const);
  const moved = advance(journal, observed, { ...changes, isRestartOrdered: false });
  return planned(journal, {
    journal: moved,
    action,
    afterwards: { ...moved, isRestartOrdered: true },
    events: [],
  });
}

/** Still the boot in which the restart was ordered. */
export function decideRebooting(situation: Situation): Decision {
  const { journal, observed } = situation;
  // Else it failed, as by its drain, and its pause is over, or whoever was to order it died before.
  if (journal.isRestartOrdered && observed.uptimeMs - journal.since < restartMs) {
    return wait(situation, "rebooting", journal.rebootReasons.join("; ") || "the restart was ordered");
  }
  if (observed.system.current === null) {
    return wait(situation, "system-unknown", "the running system could not be read");
  }
  return journal.attempts.reboot < maxOrders ? orderAgain(situation) : notRestarted(situation);
}

function orderAgain(situation: Situation): Decision {
  const { attempts } = situation.journal;
  const since = situation.observed.uptimeMs;
  // What failed has counted itself.
  if (isToolProblem(situation.journal)) return order(situation, { since, problem: null });
  return order(situation, { attempts: { ...attempts, reboot: attempts.reboot + 1 }, since });
}

function notRestarted(situation: Situation): Decision {
  const { step, problem } = situation.journal;
  const message = problem?.message ?? "the machine did not restart when it was told to";
  return go(situation, {
    step: step === "falling-back" ? "revert-failed" : "reverting",
    systemBack: true,
    blame: "none",
    problem: problemOf("activation-failed", message, situation.observed),
  });
}
