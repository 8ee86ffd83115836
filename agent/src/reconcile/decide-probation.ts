/**
 * PURE. Probation: only a system that proves itself is committed. What cannot be seen is no proof: at the deadline
 * the node goes back to the system that was proven before.
 */
import type { Decision, UnitsFact } from "./decision.ts";
import type { Blame } from "./journal.ts";
import { go, revert, wait, type Situation } from "./plan.ts";

/** How long after the asked time a node may still be settling. */
const graceMs = 60_000;

/** How long a node that had contact before may be without it. */
const contactMs = 120_000;

/** A unit that failed this long after the activation will not come back by itself. */
const settleMs = 2_000;

/** Words of `is-system-running` that a healthy machine may say; `degraded` is judged unit by unit. */
const up: ReadonlySet<string> = new Set(["running", "degraded"]);

export function decideProbation(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  if (current !== journal.toplevel) {
    return revert(situation, `another system was activated in probation: ${current}`, "none");
  }
  const doubt = doubtOf(observed.units, journal.failedBefore) ?? silenceOf(situation);
  const elapsed = observed.uptimeMs - journal.since;
  if (doubt === null) return healthy(situation);
  if (doubt.failed && elapsed >= settleMs) return revert(situation, doubt.text, doubt.blame);
  const deadline = Math.max(journal.probationMs + graceMs, doubt.window);
  if (elapsed >= deadline) return revert(situation, doubt.text, doubt.blame);
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

interface Doubt {
  text: string;
  /** A unit failed: no waiting helps. */
  failed: boolean;
  /** At least this long after the activation it may still go away. */
  window: number;
  blame: Blame;
}

/** A network that the activation cut can be mended by the way back only. It has two minutes to come up. */
function silenceOf({ observed, journal }: Situation): Doubt | null {
  const silent = journal.contactBefore && observed.contact !== true;
  return silent
    ? {
        text: "no contact to NATS since the activation",
        failed: false,
        window: contactMs,
        blame: "contact",
      }
    : null;
}

/** Why the node is not healthy now; null when it is. */
function doubtOf(units: UnitsFact | null, failedBefore: readonly string[]): Doubt | null {
  const slow = { failed: false, window: 0, blame: "toplevel" } as const;
  if (units === null) return { ...slow, text: "systemd did not list its units" };
  const known = new Set(failedBefore);
  const fresh = units.failing.filter((name) => !known.has(name));
  if (fresh.length > 0)
    return { ...slow, text: `failed since the activation: ${fresh.join(", ")}`, failed: true };
  return up.has(units.state) ? null : { ...slow, text: `the system is ${units.state}` };
}
