/** PURE. What the next pass must look at; the rest would cost a process for nothing. */
import type { StorePath } from "@chimera/proto/names";
import { isRetried } from "./back/decide-reverted.ts";
import { specialisationsOf } from "./foreign/specialisation.ts";
import { isGoingBackBy } from "./forward/after-commit.ts";
import type { CheckRun, Needs } from "./decision.ts";
import { isPutBack, isWayBack, type Journal, type Step } from "./journal.ts";
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
  switching: false,
  declaredBy: null,
  specialisationsOf: null,
  checks: null,
};

const judging: ReadonlySet<Step> = new Set<Step>(["staged", "probation", "staged-for-reboot"]);

export function needsOf(journal: Journal | null): Needs {
  if (journal === null) return nothing;
  const { step, unit, toplevel } = journal;
  const isForward = !isWayBack(journal);
  // A way back waits for nobody's answer.
  const isJudging = isForward && judging.has(step);
  return {
    unit: unit?.name ?? null,
    units: isJudging || step === "activating",
    preflightTo: preflightOf(journal),
    contact: isJudging || isRetried(journal),
    deadMan: deadManOf(journal),
    bootEntryOf: step === "preparing-reboot" && isForward ? toplevel : null,
    switchLock: step === "probation",
    switching: mayBeSwitching(journal),
    declaredBy: step === "staged" ? toplevel : null,
    specialisationsOf: specialisationsOf(journal),
    checks: checksOf(journal),
  };
}

/** Only then a put-back is decided, or about to be carried out. */
function mayBeSwitching(journal: Journal): boolean {
  return journal.foreign.seen !== null || (journal.step === "staged" && isPutBack(journal));
}

function deadManOf({ step, deadMan }: Journal): string | null {
  return step === "arming" ? (deadMan?.unit ?? null) : null;
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
  // No proof is asked of a way back; afterwards it is looked after like any other.
  if (isWayBack(journal) && (step !== "committed" || policy.ofHead === null)) return null;
  const { order, bootId } = journal;
  const tries = [attempts.contact, attempts.reboot, attempts.foreign].join(".");
  const id = `${nameOf(journal)} ${order.id} ${bootId} ${tries}`;
  return { id, sinceMs: since, checks: policy.checks };
}
