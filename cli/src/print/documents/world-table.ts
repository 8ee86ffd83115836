/** PURE. A world as a table: what each node shall run, and the root of its closure list. */
import { shortDigest } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Paint } from "../paint.ts";
import { table } from "../table.ts";
import { bytes, shortPath } from "../units.ts";

export function worldTable(leaves: readonly Leaf[], paint: Paint): string {
  const rows = leaves.map(({ node, toplevel, closureSize, closure }) => [
    node,
    shortPath(toplevel),
    bytes(closureSize),
    shortDigest(closure),
  ]);
  return table(["NODE", "TOPLEVEL", "CLOSURE", "DIGEST"], rows, paint);
}
