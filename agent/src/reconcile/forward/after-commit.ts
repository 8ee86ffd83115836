/** PURE. Checks go on after the commit: a node that turns unhealthy says so, and does what its policy says. */
import type { NodeEventBody } from "@chimera/proto/event";
import { unhealthyCheck } from "../checks/judge-checks.ts";
import type { Decision } from "../decision.ts";
import { isWayBack, type Journal } from "../journal.ts";
import { go, revert, wait, withEvents, type Situation } from "../plan.ts";

/** Null while there is nothing to say or do. */
export function decideAfterCommit(situation: Situation): Decision | null {
  const { observed, journal } = situation;
  const found = unhealthyCheck(journal.policy.checks, observed.checks);
  if (found === null) return journal.unhealthy === null ? null : recovered(situation);
  const { check, message } = found;
  if (journal.unhealthy === null) {
    const { toplevel, policy } = journal;
    const data = { toplevel, check, message: message.slice(0, 2048), action: policy.afterCommit };
    const event: NodeEventBody = { type: "unhealthy", data };
    return withEvents(go(situation, { unhealthy: check }), [event]);
  }
  return isGoingBackBy(journal)
    ? leave(situation, `unhealthy after the commit: check ${check}: ${message}`)
    : null;
}

/** Whether such a journal is about to go back: what it goes back to is looked at first. */
export function isGoingBackBy(journal: Journal): boolean {
  const { policy, unhealthy, before, toplevel } = journal;
  if (policy.afterCommit !== "revert-node" || unhealthy === null) return false;
  // What a panic or an operator went back to is not left for what was undone.
  return !isWayBack(journal) && before.current !== null && before.current !== toplevel;
}

/** A sick system is better than none. */
function leave(situation: Situation, why: string): Decision {
  const { observed, journal } = situation;
  const { before } = journal;
  if (observed.preflight === null)
    return wait(situation, "preflight-unknown", "the way back could not be read");
  if (!observed.preflight.isSystem)
    return wait(situation, "no-way-back", `${why}; ${before.current} is not there any more`);
  const back = { ...journal, transitions: 0, lastCommitted: before.current };
  return revert({ observed, journal: back }, why, "toplevel");
}

/** The checks' newest word, so that the next failure is news again. It must have run: silence heals nothing. */
function recovered(situation: Situation): Decision | null {
  const { observed, journal } = situation;
  const result = observed.checks.find(({ name }) => name === journal.unhealthy);
  if (result === undefined || result.passesInRow === 0) return null;
  const data = { toplevel: journal.toplevel, check: result.name };
  return withEvents(go(situation, { unhealthy: null }), [{ type: "healthy", data }]);
}
