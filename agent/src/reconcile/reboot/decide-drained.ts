/**
 * PURE. A node that was emptied for a restart gets its work back: once it rests on a proven system, the new one or the one
 * before, and whatever became of the order. That it has committed does not wait for this, nor does the way back; the next
 * node of a wave does.
 */
import { backoffMs } from "../backoff.ts";
import type { Decision, UnitFact } from "../decision.ts";
import { isToolProblem, isWayBack, type Journal, type Step } from "../journal.ts";
import { alarm, collect, go, startUnit, wait, withEvents, type Situation } from "../plan.ts";

/** From then on nobody need wait for it: a person is called, and it is tried on. */
const maxFailures = 3;

const quiet: ReadonlySet<Step> = new Set<Step>([
  "accepted",
  "staged",
  "staged-for-reboot",
  "refused",
  "reverted",
  "revert-failed",
  "stuck",
]);

/** Null where nothing is owed, or it cannot be given yet. */
export function decideDrained(situation: Situation): Decision | null {
  const { journal, observed } = situation;
  if (journal.unit?.action === "undrain") return awaitUnit(situation, observed.unit);
  const { drained } = journal;
  if (drained === null || !isInService(situation)) return null;
  if (drained.retryAt !== null && observed.uptimeMs < drained.retryAt) return null;
  const { transitions } = journal;
  // Whoever drives without the node's module leaves it to the agent.
  const runtimeSeconds = observed.undrainSeconds;
  if (runtimeSeconds === undefined) return null;
  if (drained.left !== null) {
    // It brings back what is owed still: its end counts, and nobody's work is brought back twice.
    const unit = { name: drained.left, action: "undrain" as const, toplevel: journal.toplevel };
    return go(situation, { unit, drained: { ...drained, left: null }, transitions });
  }
  if (runtimeSeconds === null) return go(situation, { drained: null, transitions });
  const unit = { prefix: "chimera-undrain", action: "undrain" as const, toplevel: journal.toplevel };
  return startUnit(situation, { ...unit, runtimeSeconds }, { transitions });
}

/** Of a committed node, at any moment: why it is not settled yet. A lead reads these words. */
export function undrainWait({ step, drained }: Journal): Decision["waiting"] {
  if (step !== "committed" || drained === null) return null;
  const detail = `the undrain after the restart failed ${drained.failures} times; it is tried on`;
  if (drained.failures >= maxFailures) return { reason: "undrain-failed", detail };
  return { reason: "undraining", detail: "its work is brought back after the restart" };
}

/** What runs is proven, and stays. */
function isInService({ journal, observed }: Situation): boolean {
  const { step, unit, toplevel, before, isGoingBack } = journal;
  const { current } = observed.system;
  if (current === null || unit !== null || isGoingBack) return false;
  // A way back that begins from here leaves what runs: nobody brings work to that, and it waits for nobody.
  if (isWayBack(journal) && (step === "accepted" || step === "staged")) return false;
  return step === "committed" ? current === toplevel : quiet.has(step) && current === before.current;
}

function awaitUnit(situation: Situation, unit: UnitFact | null): Decision {
  const { journal } = situation;
  if (unit === null) return wait(situation, "undraining", "systemd did not say how the undrain is doing");
  if (unit.kind === "running") return wait(situation, "undraining", journal.unit?.name ?? "the undrain");
  if (unit.kind === "absent") return failed(situation, "its unit is gone");
  if (unit.result !== "exited" || unit.exitCode !== 0) {
    return failed(situation, `it ended with ${unit.exitCode ?? unit.result}`);
  }
  // That it could not be started before is over.
  const problem = isToolProblem(journal) ? null : journal.problem;
  return go(situation, { ...ended(journal), drained: null, problem }, collect(journal.unit));
}

function failed(situation: Situation, how: string): Decision {
  const { journal, observed } = situation;
  const failures = (journal.drained?.failures ?? 0) + 1;
  const drained = { failures, retryAt: observed.uptimeMs + backoffMs(failures), left: null };
  const decision = go(situation, { ...ended(journal), drained }, collect(journal.unit));
  if (failures !== maxFailures) return decision;
  return withEvents(decision, [
    alarm("activation-failed", `the node stays drained: undrain failed ${failures} times, at last: ${how}`),
  ]);
}

/** It is no step of the order. */
function ended({ transitions }: Journal): Partial<Journal> {
  return { unit: null, transitions };
}
