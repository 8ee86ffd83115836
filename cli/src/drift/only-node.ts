/** PURE. The one node that a command is about. */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import type { Observer } from "../fleet/operator.ts";

/** Throws input-invalid for what no node can be called. */
export function parseNode(name: string): NodeName {
  const node = NodeName.safeParse(name);
  if (node.success) return node.data;
  throw new ChimeraError("input-invalid", `"${name}": ${node.error.issues[0]?.message}`);
}

/** Throws node-unknown for a name that neither world nor controller knows. */
export function onlyNode({ nodes, current }: Pick<Observer, "nodes" | "current">, name: string): NodeName {
  const node = NodeName.safeParse(name);
  const known = [...nodes, ...current.leaves].some((one) => one.node === name);
  if (node.success && known) return node.data;
  throw new ChimeraError("node-unknown", `"${name}" is no node of this fleet: "chimera status" lists them`);
}
