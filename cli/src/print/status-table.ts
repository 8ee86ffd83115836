/** PURE. The whole of `chimera status`: one line for the fleet, one for each node. */
import type { Effective } from "@chimera/proto/effective";
import type { FleetView, NodeView } from "@chimera/proto/api";
import { shortDigest } from "@chimera/proto/names";
import { needsAttention, nodeHead, nodeRow, type RowSight } from "./node-row.ts";
import type { AgeMs } from "./age.ts";
import type { Paint } from "./paint.ts";
import { printableLine } from "./printable.ts";
import { table } from "./table.ts";
import { duration } from "./units.ts";

export interface StatusInput extends RowSight {
  fleet: FleetView;
  effective: Effective;
  nodes: readonly NodeView[];
}

export function statusTable({ fleet, effective, nodes, ...sight }: StatusInput, paint: Paint): string {
  const rows = nodes.map((view) => nodeRow(view, sight, paint));
  const bad = nodes.filter((view) => needsAttention(view, sight)).length;
  const { ageMs } = sight;
  const count =
    bad === 0 ? `${nodes.length} nodes` : `${nodes.length} nodes, ${paint("red", `${bad} need attention`)}`;
  return `${headLine(fleet, ageMs)}${undoneText(effective, paint)}; ${count}\n\n${table(nodeHead, rows, paint)}`;
}

/** Where the fleet is not to run what its newest head says. */
function undoneText(effective: Effective, paint: Paint): string {
  if (effective.kind === "panic" || effective.kind === "returned") {
    const what = effective.kind === "panic" ? "undone by panic" : "undone by its own rollout";
    return `, ${paint("red", what)}: back to world ${shortDigest(effective.world)}`;
  }
  const isPaused = effective.kind === "head" && effective.paused !== null;
  return isPaused ? `, ${paint("yellow", `paused: ${printableLine(effective.paused ?? "")}`)}` : "";
}

function headLine({ head, fleetId }: FleetView, ageMs: AgeMs): string {
  if (head === null) return `fleet ${shortDigest(fleetId)}: no head yet`;
  const { serial, world, mode, author, createdAt, reason } = head.head;
  const why = reason === "" ? "" : ` (${printableLine(reason)})`;
  const age = duration(ageMs(createdAt));
  return `head ${serial}: ${mode} of world ${shortDigest(world)} by ${printableLine(author)}, ${age} ago${why}`;
}
