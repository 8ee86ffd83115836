/** PURE. Checks go on after the commit: a node that turns unhealthy says so, and does what its policy says. */
import type { NodeEventBody } from "@chimera/proto/event";
import { unhealthyCheck } from "../checks/judge-checks.ts";
import type { Decision } from "../decision.ts";
import { isWayBack } from "../journal.ts";
import { go, revert, withEvents, type Situation } from "../plan.ts";

/** Null while there is nothing to say or do. */
export function decideAfterCommit(situation: Situation): Decision | null {
  const { observed, journal } = situation;
  const found = unhealthyCheck(journal.policy.checks, observed.checks);
  if (found === null) return journal.unhealthy === null ? null : recovered(situation);
  if (journal.unhealthy !== null) return null;
  const { afterCommit } = journal.policy;
  const { check, message } = found;
  const data = { toplevel: journal.toplevel, check, message: message.slice(0, 2048), action: afterCommit };
  const event: NodeEventBody = { type: "unhealthy", data };
  const next = { ...journal, unhealthy: check };
  if (afterCommit !== "revert-node" || !hasWayBack(situation)) {
    return withEvents(go(situation, { unhealthy: check }), [event]);
  }
  const back = { observed, journal: { ...next, transitions: 0, lastCommitted: journal.before.current } };
  return withEvents(revert(back, `unhealthy after the commit: check ${check}: ${message}`, "toplevel"), [
    event,
  ]);
}

/** The checks' newest word, so that the next failure is news again. It must have run: silence heals nothing. */
function recovered(situation: Situation): Decision | null {
  const { observed, journal } = situation;
  const result = observed.checks.find(({ name }) => name === journal.unhealthy);
  return result !== undefined && result.passesInRow > 0 ? go(situation, { unhealthy: null }) : null;
}

/** What a panic or an operator went back to is not left for what was undone. */
function hasWayBack({ journal }: Situation): boolean {
  const { before, toplevel } = journal;
  return !isWayBack(journal) && before.current !== null && before.current !== toplevel;
}
