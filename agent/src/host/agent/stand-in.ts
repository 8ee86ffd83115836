/**
 * PURE. An older agent that the supervisor started because the active system's own fails at once. It does not give way
 * to that one, as any other agent would, until something has changed: a system, or an hour for another try.
 */
import type { StorePath } from "@chimera/proto/names";

export interface Look {
  current: StorePath | null;
  uptimeMs: number;
}

export interface StandIn {
  /** The agent that does not run, as the supervisor names it; null when this agent is the active system's own. */
  insteadOf: string | null;
  /** Whether the system that runs is still the one whose agent does not. */
  isActive: (look: Look) => boolean;
  mayLeave: (look: Look) => boolean;
}

/** Then the active system's own agent is tried again: it may have failed for a passing cause. */
const againMs = 3_600_000;

/** @param insteadOf what the supervisor says in CHIMERA_STANDS_IN */
export function createStandIn(insteadOf: string | undefined, start: () => Look): StandIn {
  if (insteadOf === undefined || insteadOf === "") {
    return { insteadOf: null, isActive: () => false, mayLeave: () => true };
  }
  const began = start();
  const isActive = ({ current }: Look) => current === began.current;
  return {
    insteadOf,
    isActive,
    mayLeave: (look) => !isActive(look) || look.uptimeMs - began.uptimeMs >= againMs,
  };
}
