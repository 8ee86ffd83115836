/** PURE. Which nodes are held, by their own word, and which signed orders still wait for nodes that are away. */
import type { NodeView, StandingOrders } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import type { OpenedKeySet } from "@chimera/proto/signed/key-set";
import { openOrder, type Order } from "@chimera/proto/signed/order";
import type { HoldRow } from "../print/documents/hold-table.ts";

const dayMs = 86_400_000;

export interface StandingOrder {
  id: Digest;
  kind: Order["action"]["kind"];
  /** Of a hold: when it ends. */
  until: string | null;
  nodes: Order["nodes"];
  createdAt: string;
  notAfter: string;
  author: string;
  reason: string;
}

export function heldNodes(nodes: readonly NodeView[], nowMs: number): HoldRow[] {
  return nodes.flatMap(({ node, status, verified }) => {
    const hold = status?.hold ?? null;
    return hold === null || Date.parse(hold.until) < nowMs ? [] : [{ node, ...hold, verified }];
  });
}

/** What no node would carry out, since nobody of the role signed it, is left out. */
export function standingOrders({ set, fleetId }: OpenedKeySet, { orders }: StandingOrders): StandingOrder[] {
  return orders.flatMap((envelope) => {
    try {
      const { order, id } = openOrder(envelope, set.roles.order);
      if (order.fleetId !== fleetId) return [];
      const { action, nodes, createdAt, notAfter, author, reason } = order;
      const until = action.kind === "hold" ? action.until : null;
      return [{ id, kind: action.kind, until, nodes, createdAt, notAfter, author, reason }];
    } catch (error) {
      if (error instanceof ChimeraError) return [];
      throw error;
    }
  });
}

/** A release must reach every node that a hold could still reach: as long as the longest hold, and a day at least. */
export function releaseUntilMs(
  orders: readonly StandingOrder[],
  nodes: readonly NodeView[],
  nowMs: number,
): number {
  const ends = [
    ...orders.map(({ until }) => until),
    ...nodes.map(({ status, verified }) => (verified ? (status?.hold?.until ?? null) : null)),
  ];
  const times = ends.flatMap((end) => (end === null ? [] : [Date.parse(end)]));
  const longest = times.reduce((a, b) => Math.max(a, b), nowMs + dayMs);
  return Math.min(longest, nowMs + 366 * dayMs);
}
