/** What the agent's parts ask of one another; each is filled in as it starts. */
import { ChimeraError } from "@chimera/proto/errors";
import type { DriftSummary } from "@chimera/proto/drift";
import type { LocalState } from "@chimera/proto/local-order";
import type { StorePath } from "@chimera/proto/names";
import type { ShownFacts } from "@chimera/proto/drift-shown";
import type { Order } from "@chimera/proto/signed/order";
import type { Place } from "@chimera/proto/signed/place";
import type { Leaf } from "@chimera/proto/signed/world";
import type { DesiredInput } from "./desired/desired-system.ts";
import type { Pass } from "./loop.ts";
import type { Desired } from "./reconcile/decision.ts";
import type { Specialisation } from "./reconcile/foreign/specialisation.ts";
import type { Journal, Problem } from "./reconcile/journal.ts";

export interface Shared {
  journal: Journal | null;
  pass: Pass | null;
  /** Why the newest pass could not be ended; null when it was. */
  passProblem: Problem | null;
  leaf: () => Leaf | null;
  /** Of what is signed and counts now; null where nothing is. */
  place: () => Place | null;
  desired: () => Desired | null;
  /** Where that leads by what is signed alone: root's own order stands on top of it. */
  signedToplevel: () => StorePath | null;
  /** What this node knows of the waves of the accepted head. */
  waves: () => DesiredInput["waves"];
  /** What root ordered on the node itself. */
  local: () => LocalState;
  /** Whether an operator's hold forbids to put anything back. */
  isDriftHeld: () => boolean;
  /** A fresh round trip to NATS or controller, begun after the call. */
  hasContact: () => Promise<boolean>;
  wake: () => void;
  driftSummary: () => DriftSummary;
  /** What is known of a path, without content. */
  explainDrift: (path: string) => Promise<ShownFacts>;
  /** What a signed order asks of the part that watches drift; null where it asks for no answer. */
  orderDrift: (order: Order) => Promise<ShownFacts> | null;
}

/** Which variant of its system runs, by the newest look. */
export function specialisationOf({ pass }: Shared): Specialisation | null {
  return pass?.observed.specialisation ?? null;
}

export function createShared(journal: Journal | null): Shared {
  return {
    journal,
    pass: null,
    passProblem: null,
    leaf: () => null,
    place: () => null,
    desired: () => null,
    signedToplevel: () => null,
    waves: () => ({ place: null, isProven: false, isLeadQuiet: true, isBackProven: false }),
    local: () => ({ v: 1, order: null, hold: null }),
    isDriftHeld: () => false,
    hasContact: () => Promise.resolve(false),
    wake: () => undefined,
    driftSummary: () => ({ lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 }),
    explainDrift: () => Promise.reject(new ChimeraError("overloaded", "the agent is still starting")),
    orderDrift: () => null,
  };
}
