/** PURE. What must not be activated, and who says so. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";

export interface QuarantineRow {
  toplevel: string;
  /** In the fleet's signed list. */
  listed: boolean;
  pardoned: boolean;
  /** Nodes that say that they do not activate it. */
  nodes: readonly string[];
}

export interface QuarantineFacts {
  serial: number;
  createdAt: string;
  notAfter: string;
  author: string;
  reason: string;
}

export function quarantineTable(
  facts: QuarantineFacts | null,
  rows: readonly QuarantineRow[],
  paint: Paint,
): string {
  const first = facts === null ? "the fleet has no quarantine list\n" : headLine(facts);
  if (rows.length === 0) return first;
  const cells = rows.map(({ toplevel, listed, pardoned, nodes }) => [
    toplevel,
    listed ? paint("red", "all nodes") : pardoned ? "pardoned" : "-",
    nodes.join(" ") || "-",
  ]);
  return `${first}\n${table(["TOPLEVEL", "LIST", "NODES THAT REFUSE IT"], cells, paint)}`;
}

function headLine({ serial, createdAt, author, reason, notAfter }: QuarantineFacts): string {
  const why = reason === "" ? "" : ` (${printableLine(reason)})`;
  return `quarantine list ${serial} of ${createdAt} by ${printableLine(author)}${why}; nodes take it until ${notAfter}\n`;
}
