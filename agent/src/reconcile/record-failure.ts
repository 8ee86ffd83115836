/** PURE. An action that threw becomes an observation: counted, explained, and tried again later. */
import type { ErrorCode } from "@chimera/proto/errors";
import { backoffMs } from "./backoff.ts";
import type { Action, Observed } from "./decision.ts";
import { advance, problemOf, type Journal } from "./journal.ts";

/** Which attempt the failure counts against. */
function counterOf(journal: Journal, action: Action): keyof Journal["attempts"] {
  if (journal.step === "reverting") return "revert";
  if (journal.step === "committing") return "commit";
  return action.kind === "start-fetch" ? "fetch" : "activate";
}

export function recordFailure(
  { journal, observed }: { journal: Journal; observed: Observed },
  action: Action,
  failure: { code: ErrorCode; message: string },
): Journal {
  // An ended unit that could not be cleared away changes nothing about what it did.
  if (action.kind === "collect-unit") return journal;
  const counter = counterOf(journal, action);
  const count = journal.attempts[counter] + 1;
  return advance(journal, observed, {
    attempts: { ...journal.attempts, [counter]: count },
    retryAt: observed.uptimeMs + backoffMs(count),
    problem: problemOf(failure.code, failure.message, observed),
  });
}
