/**
 * PURE. A way back: a panic, or the return of a rollout that failed. It undoes what is under way, asks for no proof, and
 * never ends on the system that it undoes: there is nothing better behind it, so it is tried again.
 */
import { comparePlace } from "@chimera/proto/signed/place";
import { backoffMs } from "../backoff.ts";
import type { Decision, Desired } from "../decision.ts";
import { maxBoots, maxCommits } from "../forward/commit-limits.ts";
import { isSignedWayBack, isToolProblem, isWayBack, problemOf, type Blame, type Step } from "../journal.ts";
import { alarm, collect, go, revert, withEvents, type Situation } from "../plan.ts";

const maxAttempts = 4;

const underWay: ReadonlySet<Step> = new Set<Step>([
  "arming",
  "activating",
  "probation",
  "committing",
  "preparing-reboot",
  "rebooting",
]);

/** What runs was not touched yet. */
const unchanged: ReadonlySet<Step> = new Set<Step>(["arming", "preparing-reboot", "rebooting"]);

/** Whether what the journal is in the middle of is what the newest order undoes. */
export function isUndone({ journal }: Situation, desired: Desired | null): boolean {
  if (desired === null || desired.blocked !== null || !underWay.has(journal.step)) return false;
  if (comparePlace(desired.order, journal.order) <= 0) return false;
  // What root ordered on top of a head goes with it.
  return desired.undoes === journal.order.id || (journal.order.local !== null && isSignedWayBack(desired));
}

/** Without waiting for it: the running unit is ended, and what ran before is activated. */
export function undo(situation: Situation): Decision {
  const { unit, step } = situation.journal;
  return go(
    situation,
    // The unit stays in the journal until it is seen to be gone: else it would hold the lock against the way back.
    { step: "reverting", systemBack: unchanged.has(step), problem: null, blame: "none" },
    unit === null ? null : { kind: "stop-unit", name: unit.name },
  );
}

/** What did not prove itself is left for what ran before; a way back is tried again. */
export function giveUp(situation: Situation, message: string, blame: Blame): Decision {
  const { observed, journal } = situation;
  if (!isWayBack(journal)) return revert(situation, message, blame);
  const activate = journal.attempts.activate + 1;
  const problem = problemOf(isToolProblem(journal) ? "tool-failed" : "activation-failed", message, observed);
  // Each try has one of its own: what was spent before is no reason to leave the default on what is undone.
  const boot = Math.min(journal.attempts.boot, maxBoots - 1);
  const commit = Math.min(journal.attempts.commit, maxCommits - 1);
  const attempts = { ...journal.attempts, activate, boot, commit };
  const action = collect(journal.unit);
  if (activate < maxAttempts) {
    const retryAt = observed.uptimeMs + backoffMs(activate);
    return go(situation, { step: "staged", unit: null, attempts, retryAt, problem, transitions: 0 }, action);
  }
  const decision = go(situation, { step: "revert-failed", unit: null, attempts, problem }, action);
  return withEvents(decision, [alarm("activation-failed", `going back failed: ${message}`)]);
}
