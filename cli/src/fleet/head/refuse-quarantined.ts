/** SHELL. Whether nodes may activate a world: one that they would refuse is not signed first and found out after. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeView } from "@chimera/proto/api";
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Io } from "../../io.ts";
import { currentQuarantine } from "../../order/current-quarantine.ts";
import type { Operator } from "../operator.ts";

const mostNamed = 5;

/** Throws quarantined with who denies what, and what leads out. */
export async function refuseQuarantined(io: Io, operator: Operator, leaves: readonly Leaf[]): Promise<void> {
  const list = (await currentQuarantine(io, operator))?.list ?? { toplevels: [], pardoned: [] };
  const denied = deniedLeaves(leaves, operator.nodes, list);
  const [first] = denied;
  if (first === undefined) return;
  const named = denied.slice(0, mostNamed).map(({ node, toplevel, by }) => `${node}: ${toplevel} (${by})`);
  const more = denied.length > mostNamed ? `, and ${denied.length - mostNamed} more` : "";
  const way =
    first.by === "the fleet's list"
      ? `chimera quarantine remove ${first.toplevel}`
      : `chimera quarantine pardon ${first.toplevel}`;
  throw new ChimeraError(
    "quarantined",
    `nothing was signed: ${denied.length} of ${leaves.length} nodes would refuse that world: ${named.join(", ")}${more}. ` +
      `If it shall be tried all the same: ${way}`,
  );
}

interface Denied {
  node: NodeName;
  toplevel: StorePath;
  by: "the fleet's list" | "the node itself";
}

interface QuarantineLists {
  toplevels: readonly StorePath[];
  /** Nodes that do not say yet that they have heard it will. */
  pardoned: readonly StorePath[];
}

/** `views`: verified as checked here; what a node did not sign denies nothing. */
function deniedLeaves(
  leaves: readonly Leaf[],
  views: readonly NodeView[],
  { toplevels, pardoned }: QuarantineLists,
): Denied[] {
  const listed = new Set<StorePath>(toplevels);
  const forgiven = new Set<StorePath>(pardoned);
  const own = new Map(
    views.map(({ node, verified, status }) => [node, verified ? (status?.quarantine ?? []) : []]),
  );
  return leaves.flatMap(({ node, toplevel }): Denied[] => {
    if (listed.has(toplevel)) return [{ node, toplevel, by: "the fleet's list" }];
    const isOwn = own.get(node)?.includes(toplevel) === true && !forgiven.has(toplevel);
    return isOwn ? [{ node, toplevel, by: "the node itself" }] : [];
  });
}
