/**
 * PURE. Probation: only a system that proves itself is committed. What cannot be seen is no proof: at the deadline
 * the node goes back to the system that was proven before.
 */
import { contactMs } from "@chimera/proto/rollout/patience";
import { judgeChecks } from "../checks/judge-checks.ts";
import { failedSince } from "../checks/judge-units.ts";
import type { Decision, Observed } from "../decision.ts";
import type { Blame, Journal } from "../journal.ts";
import { go, revert, wait, type Situation } from "../plan.ts";
import { deadlineMs } from "./probation-times.ts";

/** Words of `is-system-running` that a healthy machine may say; `degraded` is judged unit by unit. */
const up: ReadonlySet<string> = new Set(["running", "degraded"]);

/** Longer than the deadline, and shorter than the dead-man's margin. */
const silenceMs = 30_000;

/** Health that comes and goes is none: it goes back before the loop breaker would leave it as it is. */
const flappingWrites = 20;

export function decideProbation(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  if (current !== journal.toplevel) {
    return revert(situation, `another system was activated in probation: ${current}`, "none");
  }
  const elapsedMs = observed.uptimeMs - journal.since;
  const doubt = doubtOf({ observed, journal, elapsedMs });
  if (doubt === null) return healthy(situation);
  if (doubt.isFinal || journal.transitions > flappingWrites) {
    return revert(situation, doubt.text, doubt.blame);
  }
  if (isOver(doubt, { observed, journal, elapsedMs })) return revert(situation, doubt.text, doubt.blame);
  if (journal.healthySince !== null) return go(situation, { healthySince: null });
  return wait(situation, "probation", doubt.text);
}

function healthy(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { healthySince } = journal;
  if (healthySince === null) return go(situation, { healthySince: observed.uptimeMs });
  const left = healthySince + journal.probationMs - observed.uptimeMs;
  if (left > 0) return wait(situation, "probation", `healthy, ${Math.ceil(left / 1000)} s to go`);
  return go(situation, { step: "committing", bootSet: false, problem: null });
}

/** One answer that was lost says little: silence has to last. The dead-man gives it half of its margin beyond the deadline. */
function isOver(
  { windowMs }: Doubt,
  { observed, journal, elapsedMs }: Situation & { elapsedMs: number },
): boolean {
  const limit = Math.max(deadlineMs(journal), windowMs);
  if (elapsedMs < limit) return false;
  return windowMs === 0 || (observed.silentMs ?? elapsedMs) >= windowMs || elapsedMs >= limit + silenceMs;
}

interface Doubt {
  text: string;
  /** No waiting helps. */
  isFinal: boolean;
  /** At least this long after the activation it may still go away. */
  windowMs: number;
  blame: Blame;
}

const passing = { isFinal: false, windowMs: 0, blame: "toplevel" } as const;

function doubtOf(situation: Situation & { elapsedMs: number }): Doubt | null {
  return agentDoubt(situation) ?? unitDoubt(situation) ?? checkDoubt(situation) ?? silenceOf(situation);
}

function agentDoubt({ observed }: Situation): Doubt | null {
  return observed.standsIn
    ? { ...passing, isFinal: true, text: "the agent that it brings does not run" }
    : null;
}

function unitDoubt({ observed, journal, elapsedMs }: Situation & { elapsedMs: number }): Doubt | null {
  const { units } = observed;
  if (units === null) return { ...passing, text: "systemd did not list its units" };
  const { failedBefore, policy } = journal;
  const failed = failedSince({ failing: units.failing, failedBefore, rules: policy.units, elapsedMs });
  if (failed.length > 0) {
    const isFinal = failed.some(({ settled }) => settled);
    const names = failed.map(({ unit }) => unit).join(", ");
    return { ...passing, isFinal, text: `failed since the activation: ${names}` };
  }
  return up.has(units.state) ? null : { ...passing, text: `the system is ${units.state}` };
}

function checkDoubt({ observed, journal }: { observed: Observed; journal: Journal }): Doubt | null {
  const verdict = judgeChecks(journal.policy.checks, observed.checks);
  return verdict.kind === "healthy"
    ? null
    : { ...passing, text: `check ${verdict.check}: ${verdict.message}` };
}

/** A network that the activation cut can be mended by the way back only. It has two minutes to come up. */
function silenceOf({ observed, journal }: Situation): Doubt | null {
  if (!journal.contactBefore || observed.contact === true) return null;
  return {
    text: "no contact to NATS or the controller since the activation",
    isFinal: false,
    windowMs: contactMs,
    blame: "contact",
  };
}
