/** PURE. An action that threw becomes an observation: counted, explained, and tried again later. */
import type { ErrorCode } from "@chimera/proto/errors";
import { backoffMs } from "./backoff.ts";
import type { Action, Observed } from "./decision.ts";
import { advance, problemOf, type Journal } from "./journal.ts";

/** A minute: whatever stands against it, nothing depends on it. */
const disarmFailures = 6;

type Counter = keyof Journal["attempts"];

/** Which attempt the failure counts against; null where the step counts it itself, when it tries again. */
function counterOf(action: Action): Counter | null {
  switch (action.kind) {
    case "start-fetch":
      return "fetch";
    case "stop-unit":
      return "revert";
    case "clear-boot-once":
      return "entry";
    case "reboot":
      return "reboot";
    case "start-unit":
    case "set-profile":
    case "arm-dead-man":
    case "collect-unit":
    case "disarm-dead-man":
      return null;
  }
}

export function recordFailure(
  { journal, observed }: { journal: Journal; observed: Observed },
  action: Action,
  failure: { code: ErrorCode; message: string },
): Journal {
  // An ended unit that could not be cleared away changes nothing about what it did.
  if (action.kind === "collect-unit") return journal;
  // A timer that is left does nothing: nor does it change what is said of the order, or who waits for it.
  if (action.kind === "disarm-dead-man") {
    return advance(journal, observed, { retryAt: observed.uptimeMs + backoffMs(disarmFailures) });
  }
  const counter = counterOf(action);
  const { attempts } = journal;
  const tried = Math.max(attempts.activate, attempts.commit, attempts.revert);
  const count = counter === null ? tried + 1 : attempts[counter] + 1;
  return advance(journal, observed, {
    attempts: counter === null ? attempts : { ...attempts, [counter]: count },
    retryAt: observed.uptimeMs + backoffMs(count),
    problem: problemOf(failure.code, failure.message, observed),
  });
}
