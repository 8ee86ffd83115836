/** PURE. What lies between two worlds, as a person reads it. */
import type { Paint } from "../paint.ts";
import { table } from "../table.ts";
import { bytes, bytesChange, shortPath } from "../units.ts";

export interface ChangeRow {
  node: string;
  kind: "joined" | "left" | "changed";
  old: string | null;
  new: string | null;
  closureSize: number;
  sizeChange: number | null;
  also: readonly string[];
}

export function sameText(same: number): string {
  return `${same} ${same === 1 ? "node has" : "nodes have"} the same leaf\n`;
}

export function worldChangesTable(changes: readonly ChangeRow[], same: number, paint: Paint): string {
  const rest = sameText(same);
  if (changes.length === 0) return `nothing differs; ${rest}`;
  const rows = changes.map((row) => [
    row.node,
    shortPath(row.old),
    row.new !== null && row.new === row.old ? "(the same)" : shortPath(row.new),
    bytes(row.closureSize),
    row.sizeChange === null ? paint("yellow", row.kind) : bytesChange(row.sizeChange),
    row.also.map((what) => `other ${what}`).join(", "),
  ]);
  return `${table(["NODE", "OLD", "NEW", "CLOSURE", "CHANGE", "ALSO"], rows, paint)}${rest}`;
}
