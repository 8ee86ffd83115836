/** Wiring: with which closure this machine is compared now. */
import { ChimeraError } from "@chimera/proto/errors";
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { StorePath } from "@chimera/proto/names";
import { verifyLeaf, type Leaf } from "@chimera/proto/signed/world";
import type { AgentConfig } from "../config.ts";
import { readRunning } from "../host/system-pointers.ts";
import { comparedSystem, comparedToplevel, type RunningSystem } from "../reconcile/foreign/specialisation.ts";
import { specialisationOf, type Shared } from "../shared.ts";

export interface ComparedNeeds {
  config: AgentConfig;
  shared: Shared;
  trust: () => TrustState | null;
}

export interface Compared {
  /** Whose closure list the store is compared with. */
  system(): StorePath | null;
  /** The same, or a variant of it that runs. */
  toplevel(): StorePath | null;
  running(): StorePath | null;
  /** Of any system that was signed for this node, and is still known here. */
  leaf(toplevel: StorePath): Leaf | null;
}

type LeafRecord = TrustState["leaves"][number];

export function openCompared(needs: ComparedNeeds): Compared {
  const leaf = createLeaves(needs);
  const sight = (): RunningSystem => ({
    specialisation: specialisationOf(needs.shared),
    running: readRunning(),
    isSigned: (toplevel) => leaf(toplevel) !== null,
  });
  return {
    system: () => comparedSystem(needs.shared.journal, sight()),
    toplevel: () => comparedToplevel(needs.shared.journal, sight()),
    running: () => readRunning(),
    leaf,
  };
}

/** A record is verified once, however often it is asked for. */
function createLeaves({ config, shared, trust }: ComparedNeeds): Compared["leaf"] {
  const known = new WeakMap<LeafRecord, { leaf: Leaf | null }>();
  return (toplevel) => {
    const accepted = shared.leaf();
    if (accepted?.toplevel === toplevel) return accepted;
    const record = trust()?.leaves.findLast((one) => one.toplevel === toplevel);
    if (record === undefined) return null;
    const kept = known.get(record) ?? { leaf: verified(config, record) };
    known.set(record, kept);
    return kept.leaf;
  };
}

function verified({ node, fleetId }: AgentConfig, { proof, world }: LeafRecord): Leaf | null {
  try {
    return verifyLeaf(proof, { world, size: proof.size, fleetId }, node);
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
