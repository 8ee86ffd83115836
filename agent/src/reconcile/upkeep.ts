/** PURE. The committed system is looked after while an order waits or came to nothing: that may be for weeks. */
import type { NodeEventBody } from "@chimera/proto/event";
import { unhealthyCheck } from "./checks/judge-checks.ts";
import type { CheckRun, Decision } from "./decision.ts";
import type { Journal, Step } from "./journal.ts";
import { go, withEvents, type Situation } from "./plan.ts";

/** Nothing that runs was changed, or it was changed back. */
const waiting: ReadonlySet<Step> = new Set<Step>([
  "accepted",
  "staged",
  "staged-for-reboot",
  "refused",
  "reverted",
]);

/** Its own checks; null where another system is to be looked at, or none. */
export function upkeepRun({ step, upkeep, before, lastCommitted, since, bootId }: Journal): CheckRun | null {
  const isKept = upkeep !== null && waiting.has(step) && before.current === lastCommitted;
  return isKept ? { id: `upkeep ${lastCommitted} ${bootId}`, sinceMs: since, checks: upkeep.checks } : null;
}

/** It says so; to go back from it is not the waiting order's to decide. Null where there is no news. */
export function decideUpkeep(situation: Situation): Decision | null {
  const { observed, journal } = situation;
  const { lastCommitted, unhealthy } = journal;
  const run = upkeepRun(journal);
  if (run === null || lastCommitted === null || observed.system.current !== lastCommitted) return null;
  const found = unhealthyCheck(run.checks, observed.checks);
  if (found === null || unhealthy === found.check) return null;
  const data = { toplevel: lastCommitted, check: found.check, message: found.message.slice(0, 2048) };
  const event: NodeEventBody = { type: "unhealthy", data: { ...data, action: "alarm" } };
  return withEvents(go(situation, { unhealthy: found.check, transitions: journal.transitions }), [event]);
}
