/** PURE. The activation unit: while it runs, and what its end means. */
import type { NodeEventBody } from "@chimera/proto/event";
import { giveUp } from "../back/decide-way-back.ts";
import type { Decision, UnitFact } from "../decision.ts";
import { isWayBack, problemOf, type Journal } from "../journal.ts";
import { collect, go, isLockedOut, startUnit, tryLater, wait, withEvents, type Situation } from "../plan.ts";

/** Exit codes of switch-to-configuration that name a cause; all others are judged by what runs afterwards. */
const exit = { ok: 0, unitsFailed: 4, needsReboot: 100 } as const;

/** The new system runs then, however well. */
const arrived: ReadonlySet<number | null> = new Set([exit.ok, exit.unitsFailed]);

const maxStarts = 5;

type Ended = Extract<UnitFact, { kind: "ended" }>;

export function decideActivating(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { unit } = observed;
  if (unit === null)
    return wait(situation, "unit-unknown", "systemd did not say how the activation is doing");
  if (unit.kind === "running") {
    return wait(situation, "activation-running", journal.unit?.name ?? "the activation unit");
  }
  if (observed.system.current === null) {
    return wait(situation, "system-unknown", "the running system could not be read");
  }
  if (unit.kind === "absent") return startAgain(situation);
  return withEvents(judgeEnd(situation, unit), [finished(situation, unit)]);
}

/** Journalled but never started, or ended by somebody who cleared it away: running it again is safe, and needed. */
function startAgain(situation: Situation): Decision {
  const { journal } = situation;
  const activate = journal.attempts.activate + 1;
  if (activate >= maxStarts) {
    return giveUp(situation, "the activation unit was not to be started", "none");
  }
  const attempts = { ...journal.attempts, activate };
  // With a dead-man that still has its whole time.
  if (!isWayBack(journal)) return go(situation, { step: "arming", unit: null, attempts, isEndUnknown: true });
  return startUnit(
    situation,
    { prefix: "chimera-activate", action: "test", toplevel: journal.toplevel },
    { attempts },
  );
}

/** By state, not by text: `/run/current-system` moves before units restart, so health is probation's to judge. */
function judgeEnd(situation: Situation, unit: Ended): Decision {
  const { journal, observed } = situation;
  const code = unit.result === "exited" ? unit.exitCode : null;
  if (observed.system.current === journal.toplevel) return judgeNew(situation, unit, code);
  if (isLockedOut(unit)) return tryLater(situation, { step: "staged" });
  if (code === exit.needsReboot) {
    return needsReboot(situation, "the new system's init differs: switch-to-configuration ended with 100");
  }
  return failed(situation, unit);
}

/** The new system runs, however well. */
function judgeNew(situation: Situation, unit: Ended, code: number | null): Decision {
  const { journal } = situation;
  if (!arrived.has(code)) return failed(situation, unit);
  if (code === exit.unitsFailed && isUnexplained(situation)) return askAgain(situation);
  const step = isWayBack(journal) ? "committing" : "probation";
  return go(situation, { step, unit: null, bootSet: false, isEndUnknown: false }, collect(journal.unit));
}

function failed(situation: Situation, unit: Ended): Decision {
  return giveUp(situation, `activation ${describeEnd(unit)}`, unit.result === "killed" ? "none" : "toplevel");
}

/**
 * `switch-to-configuration` says 4 for a failed unit and then no more that a snippet of the activation failed. Where no unit
 * has failed since, as when it was only killed in between, the code may hide that; of a way back no proof is asked.
 */
function isUnexplained({ observed, journal }: Situation): boolean {
  if (isWayBack(journal) || journal.isEndUnknown) return false;
  const known = new Set(journal.failedBefore);
  return observed.units === null || observed.units.failing.every((unit) => known.has(unit));
}

/** Once: the next code counts. */
function askAgain(situation: Situation): Decision {
  const { journal } = situation;
  const attempts = { ...journal.attempts, activate: journal.attempts.activate + 1 };
  const changes: Partial<Journal> = { step: "arming", unit: null, attempts, isEndUnknown: true };
  return go(situation, changes, collect(journal.unit));
}

/** It has changed nothing: what only a restart brings is prepared, where that is allowed. */
function needsReboot(situation: Situation, reason: string): Decision {
  const { journal, observed } = situation;
  const { rebootReasons } = journal;
  return go(
    situation,
    {
      step: isWayBack(journal) ? "preparing-reboot" : "staged-for-reboot",
      isGoingBack: isWayBack(journal),
      rebootReasons: [...rebootReasons, reason],
      unit: null,
      problem: problemOf("activation-failed", reason, observed),
    },
    collect(journal.unit),
  );
}

function describeEnd(unit: Ended): string {
  if (unit.result === "timeout") return "ran into its time limit";
  if (unit.result === "killed") return "was killed";
  return `ended with exit code ${unit.exitCode ?? "unknown"}`;
}

function finished({ journal, observed }: Situation, unit: Ended): NodeEventBody {
  const known = new Set(journal.failedBefore);
  return {
    type: "activation-finished",
    data: {
      toplevel: journal.toplevel,
      result: resultWord(unit),
      exitCode: unit.exitCode,
      ms: Math.max(0, observed.uptimeMs - journal.since),
      failedUnits: (observed.units?.failing ?? []).filter((name) => !known.has(name)).slice(0, 50),
    },
  };
}

function resultWord(unit: Ended): "ok" | "failed" | "timeout" | "needs-reboot" {
  if (unit.result === "timeout") return "timeout";
  if (unit.exitCode === exit.needsReboot) return "needs-reboot";
  return unit.exitCode === exit.ok && unit.result === "exited" ? "ok" : "failed";
}
