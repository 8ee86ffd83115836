/**
 * PURE. The machine restarted since the journal was written: units are gone and times count anew. Before commit
 * nothing persistent names the new system, so what runs now says what happened.
 */
import type { StorePath } from "@chimera/proto/names";
import type { Decision } from "./decision.ts";
import { isWayBack, problemOf, type Journal } from "./journal.ts";
import { go, wait, type Situation } from "./plan.ts";

export function decideAfterReboot(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { step } = journal;
  const active = step === "activating" || step === "probation" || step === "committing";
  if (!active) return go(situation, fresh(situation, { step }));
  const { current } = observed.system;
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  const problem = problemOf("activation-failed", `the machine restarted while ${step}`, observed);
  return go(situation, fresh(situation, resume(journal, current, problem)));
}

/** Where the step that was cut short goes on, by what runs now. */
function resume(journal: Journal, current: StorePath, problem: Journal["problem"]): Partial<Journal> {
  const { step } = journal;
  const runsNew = current === journal.toplevel;
  if (isWayBack(journal)) return { step: runsNew ? "committing" : "staged", problem };
  if (runsNew) return { step: step === "committing" ? step : "probation" };
  if (current !== journal.before.current)
    return { step: "reverting", systemBack: false, problem, blame: "none" };
  // Proven, but not yet on the loader: it is activated and proves itself again.
  return { step: step === "committing" ? "staged" : "reverted", problem };
}

function fresh({ observed }: Situation, changes: Partial<Journal>): Partial<Journal> {
  return {
    since: observed.uptimeMs,
    healthySince: null,
    retryAt: null,
    unit: null,
    bootSet: false,
    ...changes,
  };
}
