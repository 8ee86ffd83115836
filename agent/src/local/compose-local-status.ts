/** PURE. What `chimera local status` is told while the agent runs. */
import type { LocalStatus } from "@chimera/proto/local-api";
import type { LocalState } from "@chimera/proto/local-order";
import type { LocalFacts } from "./judge-local.ts";
import { activeLocalHold, activeLocalOrder } from "./merge-local.ts";

export function composeLocalStatus(facts: LocalFacts, local: LocalState, nowMs: number): LocalStatus {
  const { status, journal, signedPlace, signedHold } = facts;
  return {
    at: status.at,
    node: status.node,
    agent: status.agent,
    state: status.state,
    waiting: status.waiting,
    accepted: status.accepted,
    wanted: status.wanted,
    system: status.system,
    specialisation: status.specialisation,
    fetch: status.fetch,
    panic: status.panic ?? null,
    journal,
    holds: { signed: signedHold, local: activeLocalHold(local, nowMs) },
    local: activeLocalOrder(local, { place: signedPlace, nowMs }),
    quarantine: status.quarantine ?? [],
    checks: status.checks ?? [],
    problem: status.problem,
    unreadable: [],
  };
}
