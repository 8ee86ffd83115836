/** PURE. Whether a record that says that everybody has committed is borne out by what the nodes sign: the record itself anybody can write. */
import { cameAfter } from "@chimera/proto/rollout/rollout-record";
import { failuresOf, isProvenThrough, outcomesOf } from "./outcomes.ts";
import type { LeadSight } from "./lead-sight.ts";
import { isOpen } from "./release.ts";

/** A lead would write the same: every wave is proven, nobody is on the way, and no more have failed than may. */
export function isSettled(sight: LeadSight): boolean {
  if (!isProvenThrough(sight)) return false;
  // Who has not begun may begin yet, however long ago it was let go, if it ever was.
  const outcomes = outcomesOf({ ...sight, releasedMs: sight.nowMs });
  if ([...outcomes.values()].some((outcome) => isOpen(outcome))) return false;
  const { count, holding } = failuresOf(sight, outcomes);
  const fresh = count - (sight.record.tolerated ?? 0);
  return fresh <= 0 || (holding === null && fresh <= sight.policy.maxFailed);
}

/**
 * The same of an end that is said to have come before this lead began: whoever took the head only after that came too late for it,
 * and what becomes of it changes nothing. Of a time at which nobody had the head it is the same as now.
 */
export function wasSettled(sight: LeadSight): boolean {
  const nodes = new Map(
    [...sight.nodes].filter(
      ([, { acceptedAt }]) => acceptedAt !== null && cameAfter(sight.record, acceptedAt),
    ),
  );
  return isSettled(isProvenThrough({ ...sight, nodes }) ? { ...sight, nodes } : sight);
}
