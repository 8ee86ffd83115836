/** PURE. What a publication would change, node by node. */
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Paint } from "./paint.ts";
import { table } from "./table.ts";
import { bytes, bytesChange, shortPath } from "./units.ts";

export interface Change {
  node: NodeName;
  old: Leaf | undefined;
  new: Leaf;
}

export interface PlannedNode {
  node: NodeName;
  old: StorePath | null;
  new: StorePath;
  closureSize: number;
  closureSizeChange: number | null;
}

export function planRows(changes: readonly Change[]): PlannedNode[] {
  return changes.map(({ node, old, new: leaf }) => ({
    node,
    old: old?.toplevel ?? null,
    new: leaf.toplevel,
    closureSize: leaf.closureSize,
    closureSizeChange: old === undefined ? null : leaf.closureSize - old.closureSize,
  }));
}

export function planTable(changes: readonly Change[], paint: Paint, name = shortPath): string {
  const rows = planRows(changes).map((row) => [
    row.node,
    name(row.old),
    row.new === row.old ? "(the same)" : name(row.new),
    bytes(row.closureSize),
    row.closureSizeChange === null ? "new" : bytesChange(row.closureSizeChange),
  ]);
  return table(["NODE", "OLD", "NEW", "CLOSURE", "CHANGE"], rows, paint);
}
