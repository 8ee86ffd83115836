/** PURE. An order before it is signed. */
import type { FleetId, NodeName } from "@chimera/proto/names";
import { Order, type OrderAction } from "@chimera/proto/signed/order";

export interface OrderFacts {
  fleetId: FleetId;
  nodes: "all" | readonly NodeName[];
  action: OrderAction;
  author: string;
  reason: string;
  /** 32 hex digits. */
  nonce: string;
  nowMs: number;
  notAfterMs: number;
}

export function newOrder(facts: OrderFacts): Order {
  const { fleetId, nodes, action, author, reason, nonce, nowMs, notAfterMs } = facts;
  return Order.parse({
    v: 1,
    kind: "order",
    fleetId,
    nonce,
    nodes: nodes === "all" ? nodes : [...nodes],
    createdAt: new Date(nowMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    author,
    reason,
    action,
  });
}
