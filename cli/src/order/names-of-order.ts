/** PURE. The nodes of an order by name, in the sequence in which they are to begin. */
import type { NodeName } from "@chimera/proto/names";
import type { Order } from "@chimera/proto/signed/order";
import type { Observer } from "../fleet/operator.ts";

/** Of "all": the nodes of the signed world, and whatever else is registered. */
export function namesOfOrder(
  { nodes }: Pick<Order, "nodes">,
  { current, nodes: views }: Pick<Observer, "current" | "nodes">,
): NodeName[] {
  if (nodes !== "all") return nodes;
  return [...new Set([...current.leaves, ...views].map(({ node }) => node))].toSorted();
}
