/** PURE. The key of each node, from the place the operator controls most: chimera.toml, the signed world, then the registry. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import type { NodeName } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { ProjectFile } from "../project/project-file.ts";

export interface NodeKeySources {
  project: ProjectFile;
  leaves: readonly Leaf[];
  /** What the controller says: the last resort, told to the operator. */
  registered: readonly NodeView[];
}

export interface NodeKeys {
  keys: Map<NodeName, PublicKeyText>;
  /** Nodes whose key rests on the controller's word alone. */
  unproven: NodeName[];
}

/** Throws node-unknown with every node that is not registered: the controller would refuse the head after all the work. */
export function nodeKeys(
  nodes: readonly NodeName[],
  { project, leaves, registered }: NodeKeySources,
): NodeKeys {
  const inWorld = new Map(leaves.map((leaf) => [leaf.node, leaf.nodeKey]));
  const inRegistry = new Map(registered.map((view) => [view.node, view.nodeKey]));
  const keys = new Map<NodeName, PublicKeyText>();
  const unproven: NodeName[] = [];
  const unknown: string[] = [];
  for (const node of nodes) {
    const proven = project.nodes[node]?.key ?? inWorld.get(node);
    const key = proven ?? inRegistry.get(node) ?? undefined;
    if (key === undefined || !inRegistry.has(node)) unknown.push(node);
    else keys.set(node, key);
    if (proven === undefined) unproven.push(node);
  }
  if (unknown.length === 0) return { keys, unproven };
  throw new ChimeraError(
    "node-unknown",
    `unknown to the controller: ${unknown.join(", ")} ("chimera-controller node add" registers a node and its key)`,
  );
}
