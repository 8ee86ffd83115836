/** PURE. What the fleet is told of root's orders on a node. */
import type { Hold } from "@chimera/proto/acceptance/trust-state";
import type { NodeEventBody } from "@chimera/proto/event";
import type { LocalOrder } from "@chimera/proto/local-order";

export type LocalReport = Extract<NodeEventBody, { type: "local-order" }>["data"];

export function localEvent(data: LocalReport): NodeEventBody {
  return { type: "local-order", data };
}

export function orderEnded({ order, reason }: { order: LocalOrder; reason: string }): NodeEventBody {
  const { toplevel, until, author } = order;
  return localEvent({ action: "ended", toplevel, until, author, reason });
}

export function holdEnded({ until, author }: Hold): NodeEventBody {
  return localEvent({ action: "ended", toplevel: null, until, author, reason: "the hold is over" });
}
