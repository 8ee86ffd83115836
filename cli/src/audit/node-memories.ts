/** PURE. What nodes carry of the audit log, those that carry the same told together. */
import { readCarried } from "@chimera/proto/audit/audit-checkpoint";
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { openEnvelope } from "@chimera/proto/signed/envelope";
import { NodeStatus } from "@chimera/proto/status";
import { someNames } from "../print/some-names.ts";
import type { Memory } from "./compare-memories.ts";

export interface NodeMemories {
  memories: Memory[];
  /** Registered, and say nothing of it. */
  silent: string[];
}

interface Carried {
  size: number;
  root: string;
}

export function nodeMemories(views: readonly NodeView[]): NodeMemories {
  const groups = new Map<string, { carried: Carried; nodes: string[] }>();
  const silent: string[] = [];
  for (const view of views) {
    const found = carriedBy(view);
    if (found.length === 0) silent.push(view.node);
    for (const carried of found) {
      const name = `${carried.size} ${carried.root.slice(0, 16)}`;
      const group = groups.get(name) ?? { carried, nodes: [] };
      group.nodes.push(view.node);
      groups.set(name, group);
    }
  }
  const memories = [...groups.values()].map(({ carried, nodes }) => ({
    who: someNames(nodes),
    kind: "node" as const,
    ...carried,
    at: null,
  }));
  return { memories: memories.toSorted((a, b) => a.size - b.size), silent };
}

/** By its newest beat, which nobody signs, and by its status, which it signed itself; both where they differ. */
function carriedBy(view: NodeView): Carried[] {
  const beat = view.beat?.a === undefined ? undefined : readCarried(view.beat.a);
  const signed = signedBy(view);
  if (signed === undefined) return beat === undefined ? [] : [beat];
  const isSame = beat?.size === signed.size && signed.root.startsWith(beat.root);
  return beat === undefined || isSame ? [signed] : [signed, beat];
}

function signedBy({ envelope, nodeKey }: NodeView): Carried | undefined {
  if (envelope === undefined || nodeKey === null) return undefined;
  const role = { keys: [nodeKey], threshold: 1 };
  try {
    return openEnvelope(envelope, { kind: "status", role }, NodeStatus).message.fresh?.audit;
  } catch (error) {
    // A status that counts for nothing says nothing of the log either.
    if (error instanceof ChimeraError) return undefined;
    throw error;
  }
}
