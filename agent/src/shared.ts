/** What the agent's parts ask of one another; each is filled in as it starts. */
import type { DriftSummary } from "@chimera/proto/drift";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Pass } from "./loop.ts";
import type { Journal, Problem } from "./reconcile/journal.ts";

export interface Shared {
  journal: Journal | null;
  pass: Pass | null;
  /** Why the newest pass could not be ended; null when it was. */
  passProblem: Problem | null;
  leaf: () => Leaf | null;
  wake: () => void;
  driftSummary: () => DriftSummary;
}

export function createShared(journal: Journal | null): Shared {
  return {
    journal,
    pass: null,
    passProblem: null,
    leaf: () => null,
    wake: () => undefined,
    driftSummary: () => ({ lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 }),
  };
}
