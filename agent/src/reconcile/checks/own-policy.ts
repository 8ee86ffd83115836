/**
 * PURE. The checks that a system is to be judged by: those that it declares itself, beside the head's. Whoever adds a check together
 * with the service that it looks at expects it to count at once, and whoever takes both away expects that too.
 */
import type { HealthCheck, UnitRule } from "@chimera/proto/health-check";
import { isWayBack, type Journal } from "../journal.ts";
import type { OrderPolicy } from "../order-policy.ts";
import { mergeChecks, mergeUnitRules } from "./merge-checks.ts";

/** What the module of a system says; null where it says nothing of that at all. */
export interface Declared {
  checks: readonly HealthCheck[] | null;
  units: readonly UnitRule[] | null;
}

/**
 * To be settled before the dead-man is armed, which waits as long as the checks may take. A system that says nothing is judged by
 * what the one before it said; one that is gone back to is not, since that was about what is being undone.
 */
export function ownPolicy(journal: Journal, declared: Declared | null): OrderPolicy {
  const { policy } = journal;
  const { ofHead } = policy;
  // An order of an agent that kept no such thing, and a look that did not ask.
  if (ofHead === null || declared === null) return policy;
  const none = isWayBack(journal) ? [] : null;
  const [checks, units] = [declared.checks ?? none, declared.units ?? none];
  return {
    ...policy,
    checks: checks === null ? policy.checks : mergeChecks(checks, ofHead.checks),
    units: units === null ? policy.units : mergeUnitRules(units, ofHead.units),
  };
}
