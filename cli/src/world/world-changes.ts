/** PURE. What lies between two worlds, node by node. */
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";

/** Parts of a leaf that may change beside its toplevel; `bits`: the same paths with other content. */
type OtherChange = "bits" | "node key" | "substituters";

interface NodeChange {
  node: NodeName;
  kind: "joined" | "left" | "changed";
  old: StorePath | null;
  new: StorePath | null;
  /** Bytes of the newer closure; of the older one where the node left. */
  closureSize: number;
  /** Null where there is only one side. */
  sizeChange: number | null;
  also: OtherChange[];
}

export interface WorldChanges {
  /** Sorted by node; nodes whose leaf is the same are only counted. */
  changes: NodeChange[];
  same: number;
}

export function worldChanges(before: readonly Leaf[], after: readonly Leaf[]): WorldChanges {
  const old = new Map(before.map((leaf) => [leaf.node, leaf]));
  const now = new Map(after.map((leaf) => [leaf.node, leaf]));
  const names = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  const changes = names.flatMap((node) => changeOf(node, old.get(node), now.get(node)) ?? []);
  return { changes, same: names.length - changes.length };
}

function changeOf(node: NodeName, old: Leaf | undefined, now: Leaf | undefined): NodeChange | null {
  if (now === undefined) return old === undefined ? null : oneSided("left", old);
  if (old === undefined) return oneSided("joined", now);
  const also = otherChanges(old, now);
  if (old.toplevel === now.toplevel && also.length === 0) return null;
  const { closureSize } = now;
  const sizeChange = closureSize - old.closureSize;
  return { node, kind: "changed", old: old.toplevel, new: now.toplevel, closureSize, sizeChange, also };
}

function oneSided(kind: "joined" | "left", { node, toplevel, closureSize }: Leaf): NodeChange {
  const paths = kind === "joined" ? { old: null, new: toplevel } : { old: toplevel, new: null };
  return { node, kind, ...paths, closureSize, sizeChange: null, also: [] };
}

function otherChanges(old: Leaf, now: Leaf): OtherChange[] {
  const bits = old.toplevel === now.toplevel && old.closure !== now.closure;
  const substituters = old.substituters.join(" ") !== now.substituters.join(" ");
  return [
    ...(bits ? (["bits"] as const) : []),
    ...(old.nodeKey === now.nodeKey ? [] : (["node key"] as const)),
    ...(substituters ? (["substituters"] as const) : []),
  ];
}
