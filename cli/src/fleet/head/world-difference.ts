/** PURE. What another world would change, node by node: not only the systems, also whose word and whose cache counts. */
import type { NodeName } from "@chimera/proto/names";
import { canonicalBytes } from "@chimera/proto/signed/canonical";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Change } from "../../print/plan-table.ts";

export interface WorldDifference {
  /** Leaves that are new or other than before. */
  changes: Change[];
  unchanged: number;
  /** Nodes that would be left without a leaf. */
  removed: NodeName[];
  /** What else than the system changes: rarely meant. */
  notes: string[];
}

export function worldDifference(before: readonly Leaf[], after: readonly Leaf[]): WorldDifference {
  const old = new Map(before.map((leaf) => [leaf.node, leaf]));
  const names = new Set(after.map(({ node }) => node));
  const changes = after.flatMap((leaf): Change[] => {
    const was = old.get(leaf.node);
    const isSame = was !== undefined && canonicalBytes(was).equals(canonicalBytes(leaf));
    return isSame ? [] : [{ node: leaf.node, old: was, new: leaf }];
  });
  return {
    changes,
    unchanged: after.length - changes.length,
    removed: before.flatMap(({ node }) => (names.has(node) ? [] : [node])),
    notes: changes.flatMap(notesOf),
  };
}

function notesOf({ node, old, new: leaf }: Change): string[] {
  if (old === undefined) return [];
  const key =
    old.nodeKey === leaf.nodeKey ? [] : [`${node}: another node key, ${old.nodeKey} -> ${leaf.nodeKey}`];
  const [from, to] = [old.substituters, leaf.substituters].map((list) => list.join(" "));
  const caches = from === to ? [] : [`${node}: other substituters, ${from} -> ${to}`];
  const isRelabelled = old.toplevel === leaf.toplevel && old.closure !== leaf.closure;
  return [...key, ...caches, ...(isRelabelled ? [`${node}: the same system with other bits`] : [])];
}
