/** PURE. Which events of drift are told one by one, and the sum of the others: a storm must not push all else out of the outbox. */
import type { NodeEventBody } from "@chimera/proto/event";

type DriftSum = Omit<Extract<NodeEventBody, { type: "drift-summed" }>["data"], "from" | "until">;

export interface EventSum {
  /** True for what is told by itself; all else is counted. */
  take(event: NodeEventBody, nowMs: number): boolean;
  /** What was counted since the last call; null for nothing. */
  flush(): DriftSum | null;
}

/** So many at once, and as many again in the course of an hour. */
export const toldSingly = 500;
const hourMs = 3_600_000;
const shownPaths = 16;
/** An event that is larger than the outbox takes would be lost. */
const shownPath = 512;

type Counted = "found" | "reverted" | "unreverted";

const empty = (): DriftSum => ({ found: 0, reverted: 0, unreverted: 0, evidence: 0, paths: [] });

export function createEventSum(): EventSum {
  let [used, atMs] = [0, 0];
  let sum = empty();
  return {
    take(event, nowMs) {
      const counted = countedAs(event);
      if (counted === null) return true;
      used = Math.max(0, used - ((nowMs - atMs) / hourMs) * toldSingly);
      atMs = nowMs;
      if (used + 1 <= toldSingly) {
        used += 1;
        return true;
      }
      const { kind, path, hasEvidence } = counted;
      const paths = sum.paths.length < shownPaths ? [...sum.paths, path.slice(0, shownPath)] : sum.paths;
      const evidence = sum.evidence + (hasEvidence ? 1 : 0);
      sum = { ...sum, [kind]: sum[kind] + 1, evidence, paths };
      return false;
    },
    flush() {
      const { found, reverted, unreverted } = sum;
      if (found + reverted + unreverted === 0) return null;
      const told = sum;
      sum = empty();
      return told;
    },
  };
}

function countedAs(event: NodeEventBody): { kind: Counted; path: string; hasEvidence: boolean } | null {
  if (event.type === "drift-found") return { kind: "found", path: event.data.path, hasEvidence: false };
  if (event.type === "drift-unreverted")
    return { kind: "unreverted", path: event.data.item.path, hasEvidence: false };
  if (event.type !== "drift-reverted") return null;
  const { item, evidence } = event.data;
  return { kind: "reverted", path: item.path, hasEvidence: evidence !== undefined };
}
