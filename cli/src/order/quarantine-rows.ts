/** PURE. The fleet's list beside what nodes say that they refuse. */
import type { NodeView } from "@chimera/proto/api";
import type { StorePath } from "@chimera/proto/names";
import type { QuarantineList } from "./next-quarantine.ts";

export interface ListedToplevel {
  toplevel: StorePath;
  listed: boolean;
  pardoned: boolean;
  nodes: string[];
}

/** `nodes` with `verified` as checked here: what a node did not sign is not its word. */
export function quarantineRows(list: QuarantineList | null, nodes: readonly NodeView[]): ListedToplevel[] {
  const listed = new Set(list?.toplevels);
  const pardoned = new Set(list?.pardoned);
  const byPath = refusals(nodes);
  const paths = [...new Set([...listed, ...pardoned, ...byPath.keys()])].toSorted();
  return paths.map((toplevel) => ({
    toplevel,
    listed: listed.has(toplevel),
    pardoned: pardoned.has(toplevel),
    nodes: byPath.get(toplevel) ?? [],
  }));
}

export function reportedToplevels(nodes: readonly NodeView[]): Set<StorePath> {
  return new Set(refusals(nodes).keys());
}

function refusals(nodes: readonly NodeView[]): Map<StorePath, string[]> {
  const byPath = new Map<StorePath, string[]>();
  for (const { node, status, verified } of nodes) {
    for (const path of (verified ? status?.quarantine : undefined) ?? []) {
      byPath.set(path, [...(byPath.get(path) ?? []), node]);
    }
  }
  return byPath;
}
