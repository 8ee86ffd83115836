/** What the agent's parts ask of one another; each is filled in as it starts. */
import type { DriftSummary } from "@chimera/proto/drift";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Pass } from "./loop.ts";
import type { Desired } from "./reconcile/decision.ts";
import type { Journal, Problem } from "./reconcile/journal.ts";

export interface Shared {
  journal: Journal | null;
  pass: Pass | null;
  /** Why the newest pass could not be ended; null when it was. */
  passProblem: Problem | null;
  leaf: () => Leaf | null;
  desired: () => Desired | null;
  /** Whether an operator's hold forbids to put anything back. */
  isDriftHeld: () => boolean;
  wake: () => void;
  driftSummary: () => DriftSummary;
}

export function createShared(journal: Journal | null): Shared {
  return {
    journal,
    pass: null,
    passProblem: null,
    leaf: () => null,
    desired: () => null,
    isDriftHeld: () => false,
    wake: () => undefined,
    driftSummary: () => ({ lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 }),
  };
}
