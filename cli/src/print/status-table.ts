/** PURE. The whole of `chimera status`: one line for the fleet, one for each node. */
import type { FleetView, NodeView } from "@chimera/proto/api";
import { shortDigest } from "@chimera/proto/names";
import { needsAttention, nodeHead, nodeRow } from "./node-row.ts";
import type { AgeMs } from "./age.ts";
import type { Paint } from "./paint.ts";
import { printableLine } from "./printable.ts";
import { table } from "./table.ts";
import { duration } from "./units.ts";

export interface StatusInput {
  fleet: FleetView;
  nodes: readonly NodeView[];
  ageMs: AgeMs;
}

export function statusTable({ fleet, nodes, ageMs }: StatusInput, paint: Paint): string {
  const rows = nodes.map((view) => nodeRow(view, ageMs, paint));
  const bad = nodes.filter((view) => needsAttention(view, ageMs)).length;
  const count =
    bad === 0 ? `${nodes.length} nodes` : `${nodes.length} nodes, ${paint("red", `${bad} need attention`)}`;
  return `${headLine(fleet, ageMs)}; ${count}\n\n${table(nodeHead, rows, paint)}`;
}

function headLine({ head, fleetId }: FleetView, ageMs: AgeMs): string {
  if (head === null) return `fleet ${shortDigest(fleetId)}: no head yet`;
  const { serial, world, mode, author, createdAt, reason } = head.head;
  const why = reason === "" ? "" : ` (${printableLine(reason)})`;
  const age = duration(ageMs(createdAt));
  return `head ${serial}: ${mode} of world ${shortDigest(world)} by ${printableLine(author)}, ${age} ago${why}`;
}
