/** PURE. Whether a closure list is the one that a leaf names: its root, its system, its size, and that nothing is missing. */
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import { closureDigest, closureSize, type ClosureEntry } from "@chimera/proto/signed/closure";
import type { Leaf } from "@chimera/proto/signed/world";

/** Throws closure-mismatch with the node and the first thing that does not hold. */
export function checkClosure(leaf: Leaf, entries: readonly ClosureEntry[]): void {
  const wrong = problemOf(leaf, entries);
  if (wrong === undefined) return;
  throw new ChimeraError(
    "closure-mismatch",
    `the closure list ${shortDigest(leaf.closure)} of ${leaf.node}: ${wrong}`,
  );
}

function problemOf(leaf: Leaf, entries: readonly ClosureEntry[]): string | undefined {
  const root = closureDigest(entries);
  if (root !== leaf.closure) return `it has the root ${shortDigest(root)}`;
  const paths = new Set<string>();
  for (const { path } of entries) {
    if (paths.has(path)) return `${path} is in it twice`;
    paths.add(path);
  }
  if (!paths.has(leaf.toplevel)) return `${leaf.toplevel} is not in it`;
  const open = entries.flatMap(({ references }) => references).find((path) => !paths.has(path));
  if (open !== undefined) return `${open} is referred to, but not in it`;
  const size = closureSize(entries);
  return size === leaf.closureSize ? undefined : `it has ${size} bytes, the leaf says ${leaf.closureSize}`;
}
