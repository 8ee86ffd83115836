/** PURE. What a publication would change: new leaves beside the old ones, and the world they make. */
import { closureDigest, closureSize, type ClosureEntry } from "@chimera/proto/signed/closure";
import { ChimeraError } from "@chimera/proto/errors";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import type { FleetId, NodeName, StorePath, WorldId } from "@chimera/proto/names";
import { sortLeaves, worldId, type Leaf } from "@chimera/proto/signed/world";

export interface System {
  node: NodeName;
  toplevel: StorePath;
}

export interface PlanInput {
  fleetId: FleetId;
  systems: readonly System[];
  closures: ReadonlyMap<StorePath, readonly ClosureEntry[]>;
  nodeKeys: ReadonlyMap<NodeName, PublicKeyText>;
  substituters: readonly string[];
  /** The effective world. */
  leaves: readonly Leaf[];
}

interface PlanRow {
  node: NodeName;
  old: Leaf | undefined;
  new: Leaf;
}

export interface Plan {
  rows: PlanRow[];
  /** The whole new world, sorted. */
  leaves: Leaf[];
  world: WorldId;
}

/** The effective world with the leaves of these systems replaced, every other leaf as it is. */
export function planWorld(input: PlanInput): Plan {
  const old = new Map(input.leaves.map((leaf) => [leaf.node, leaf]));
  const rows = input.systems.map((system) => ({
    node: system.node,
    old: old.get(system.node),
    new: newLeaf(input, system),
  }));
  const replaced = new Map([...old, ...rows.map((row): [NodeName, Leaf] => [row.node, row.new])]);
  const leaves = sortLeaves([...replaced.values()]);
  return { rows, leaves, world: worldId(leaves) };
}

function newLeaf(input: PlanInput, { node, toplevel }: System): Leaf {
  const entries = input.closures.get(toplevel);
  const nodeKey = input.nodeKeys.get(node);
  if (entries === undefined)
    throw new ChimeraError("closure-unavailable", `${node}: no closure of ${toplevel}`);
  if (nodeKey === undefined) throw new ChimeraError("node-unknown", `${node}: no node key`);
  return {
    v: 1,
    fleetId: input.fleetId,
    node,
    nodeKey,
    toplevel,
    closure: closureDigest(entries),
    closureSize: closureSize(entries),
    substituters: [...input.substituters],
  };
}
