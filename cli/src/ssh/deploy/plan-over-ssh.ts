/** PURE. The next world and head, where their parts come from the operator's copy and the nodes' own words. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import type { Leaf } from "@chimera/proto/signed/world";
import type { ProjectFile } from "../../project/project-file.ts";

/** From chimera.toml or the signed world: there is no registry to believe. Throws node-unknown with every node without one. */
export function provenNodeKeys(
  nodes: readonly NodeName[],
  { project, leaves }: { project: Pick<ProjectFile, "nodes">; leaves: readonly Leaf[] },
): Map<NodeName, PublicKeyText> {
  const inWorld = new Map(leaves.map((leaf) => [leaf.node, leaf.nodeKey]));
  const found = nodes.map((node) => [node, project.nodes[node]?.key ?? inWorld.get(node)] as const);
  const unknown = found.flatMap(([node, key]) => (key === undefined ? [node] : []));
  if (unknown.length > 0) {
    throw new ChimeraError(
      "node-unknown",
      `no key of ${unknown.join(", ")}: put what \`chimera-agent identity\` prints there into [nodes.<node>] of chimera.toml as key`,
    );
  }
  return new Map(found.flatMap(([node, key]) => (key === undefined ? [] : [[node, key]])));
}
