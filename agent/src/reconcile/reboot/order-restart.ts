/** PURE. The order to restart: marked as expected before it is given, given again where it had no effect, given up at last. */
import type { Decision } from "../decision.ts";
import { advance, isToolProblem, problemOf, type Journal } from "../journal.ts";
import { alarm, go, planned, wait, withEvents, type Situation } from "../plan.ts";

/** Of ordering a restart: there is nothing that could be done instead. */
const maxOrders = 6;

/** An ordered restart that has not come by then was not carried out: services may take their time to stop. */
const restartMs = 600_000;

/** The mark that this restart is expected is on disk before it is ordered. */
export function restartInto(situation: Situation, entry: string | null): Decision {
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
      ? ({ kind: "reboot", entry: null } as const)
      : ({ kind: "reboot", entry: next.bootEntry } as const);
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
  // Else it failed, and its pause is over, or whoever was to order it died before.
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
  const isBack = step === "falling-back";
  const decision = go(situation, {
    step: isBack ? "revert-failed" : "reverting",
    systemBack: true,
    blame: "none",
    problem: problemOf("activation-failed", message, situation.observed),
  });
  return isBack
    ? withEvents(decision, [alarm("activation-failed", `going back failed: ${message}`)])
    : decision;
}
