/** PURE. What the next pass must look at; the rest would cost a process for nothing. */
import type { StorePath } from "@chimera/proto/names";
import { isRetried } from "./back/decide-reverted.ts";
import { isGoingBackBy } from "./forward/after-commit.ts";
import type { CheckRun, Needs } from "./decision.ts";
import { isWayBack, type Journal, type Step } from "./journal.ts";
import { nameOf } from "./plan.ts";
import { upkeepRun } from "./upkeep.ts";

const nothing: Needs = {
  unit: null,
  units: false,
  preflightTo: null,
  contact: false,
  deadMan: null,
  bootEntryOf: null,
  switchLock: false,
  checks: null,
};

const judging: ReadonlySet<Step> = new Set<Step>(["staged", "probation", "staged-for-reboot"]);

export function needsOf(journal: Journal | null): Needs {
  if (journal === null) return nothing;
  const { step, unit, toplevel, deadMan } = journal;
  const isForward = !isWayBack(journal);
  // A way back waits for nobody's answer.
  const isJudging = isForward && judging.has(step);
  return {
    unit: unit?.name ?? null,
    units: isJudging || step === "activating",
    preflightTo: preflightOf(journal),
    contact: isJudging || isRetried(journal),
    deadMan: step === "arming" ? unitOf(deadMan) : null,
    bootEntryOf: step === "preparing-reboot" && isForward ? toplevel : null,
    switchLock: step === "probation",
    checks: checksOf(journal),
  };
}

function unitOf(deadMan: Journal["deadMan"]): string | null {
  return deadMan?.unit ?? null;
}

const forward: ReadonlySet<Step> = new Set<Step>(["staged", "staged-for-reboot", "preparing-reboot"]);

function preflightOf(journal: Journal): StorePath | null {
  const { step, toplevel, before } = journal;
  if (forward.has(step)) return toplevel;
  if (step === "committed" && isGoingBackBy(journal)) return before.current;
  return step === "reverting" ? before.current : null;
}

const checked: ReadonlySet<Step> = new Set<Step>(["probation", "committing", "committed"]);

/** Counts begin with the probation and go on after the commit: it is the same activation. */
function checksOf(journal: Journal): CheckRun | null {
  const { step, policy, since, attempts } = journal;
  if (!checked.has(step)) return upkeepRun(journal);
  if (isWayBack(journal)) return null;
  const { order, bootId } = journal;
  const tries = [attempts.contact, attempts.reboot, attempts.foreign].join(".");
  const id = `${nameOf(journal)} ${order.id} ${bootId} ${tries}`;
  return { id, sinceMs: since, checks: policy.checks };
}
