/**
 * PURE. At rest on what ran before. A probation that was lost by contact only says little about the system: it is
 * tried once more, when there is contact again.
 */
import { backoffMs } from "../backoff.ts";
import type { Decision, Desired } from "../decision.ts";
import { awaitQuiet, forgetSeen } from "../foreign/await-quiet.ts";
import { nothingForeign } from "../foreign/foreign-record.ts";
import { isLeftBooted, standOnBooted } from "../foreign/booted-other.ts";
import { isWayBack, type Journal } from "../journal.ts";
import { go, rest, type Situation } from "../plan.ts";

const maxContactTries = 1;

/** Not at once: whoever cuts every node's network by one head should see it before it happens again. */
const pauseFailures = 6;

export function decideReverted(situation: Situation, desired: Desired | null): Decision {
  if (isLeftBooted(situation, desired)) return standOnBooted(situation);
  if (isLeftAgain(situation, desired))
    return awaitQuiet(situation, leftText(situation)) ?? goBackAgain(situation);
  return (
    forgetSeen(situation) ?? (isDue(situation, desired) ? tryAgain(situation) : rest(situation, "reverted"))
  );
}

function isDue({ observed, journal }: Situation, desired: Desired | null): boolean {
  if (!isRetried(journal) || desired === null || desired.blocked !== null) return false;
  if (desired.order.id !== journal.order.id || observed.contact !== true) return false;
  return observed.uptimeMs - journal.since >= backoffMs(pauseFailures);
}

function tryAgain(situation: Situation): Decision {
  const { attempts: before } = situation.journal;
  const attempts = { ...before, contact: before.contact + 1, activate: 0, revert: 0 };
  return go(situation, { step: "staged", transitions: 0, systemBack: false, attempts });
}

/** The system that was left, or another one, runs again: somebody booted or activated it. */
function isLeftAgain({ observed, journal }: Situation, desired: Desired | null): boolean {
  const { current } = observed.system;
  const { before } = journal;
  if (current === null || before.current === null || current === before.current) return false;
  return desired?.revertForeign === true;
}

function leftText({ observed, journal }: Situation): string {
  return `running ${observed.system.current}, though this node went back to ${journal.before.current}`;
}

function goBackAgain(situation: Situation): Decision {
  const { observed, journal } = situation;
  const foreign = journal.attempts.foreign + 1;
  return go(situation, {
    step: "reverting",
    systemBack: false,
    foreign: nothingForeign,
    attempts: { ...journal.attempts, foreign, revert: 0 },
    // Whoever does it again and again is met ever more slowly.
    retryAt: observed.uptimeMs + backoffMs(foreign),
  });
}

/** Whether contact would make it begin anew. */
export function isRetried(journal: Journal): boolean {
  return (
    journal.step === "reverted" &&
    journal.blame === "contact" &&
    journal.attempts.contact < maxContactTries &&
    !isWayBack(journal)
  );
}
