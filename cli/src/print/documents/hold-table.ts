/** PURE. Which nodes are held, and which orders still wait for nodes that are away. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";

export interface HoldRow {
  node: string;
  until: string;
  drift: boolean;
  evenPanic: boolean;
  author: string;
  reason: string;
  /** Signed by the node. */
  verified: boolean;
}

export interface WaitingOrder {
  id: string;
  kind: string;
  nodes: "all" | readonly string[];
  createdAt: string;
  notAfter: string;
  author: string;
  reason: string;
}

export function holdTable(rows: readonly HoldRow[], waiting: readonly WaitingOrder[], paint: Paint): string {
  const cells = rows.map((row) => [
    row.node,
    row.until,
    stops(row),
    printableLine(row.author),
    row.verified ? printableLine(row.reason) : paint("red", "not signed by the node"),
  ]);
  const held =
    rows.length === 0
      ? "no node says that it is held\n"
      : table(["NODE", "UNTIL", "STOPS", "BY", "REASON"], cells, paint);
  return waiting.length === 0
    ? held
    : `${held}\norders that nodes which were away still get:\n${waitingTable(waiting, paint)}`;
}

function stops({ drift, evenPanic }: HoldRow): string {
  return ["deploys", ...(drift ? ["drift reverts"] : []), ...(evenPanic ? ["panic"] : [])].join(", ");
}

function waitingTable(waiting: readonly WaitingOrder[], paint: Paint): string {
  const cells = waiting.map(({ id, kind, nodes, createdAt, notAfter, author, reason }) => [
    id.slice(0, 12),
    kind,
    nodes === "all" ? "all" : nodes.join(" "),
    createdAt,
    notAfter,
    printableLine(author),
    printableLine(reason),
  ]);
  return table(["ORDER", "KIND", "NODES", "GIVEN", "UNTIL", "BY", "REASON"], cells, paint);
}
