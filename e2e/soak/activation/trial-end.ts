// PURE. What a trial found.
import type { Verdict } from "./judge.ts";
import type { Shot } from "./kill-at-write.ts";
import type { NodeFacts } from "./node-facts.ts";

export interface TrialEnd {
  /** Store paths. */
  systems: { from: string; to: string };
  shot: Shot | null;
  verdict: Verdict;
  facts: NodeFacts | null;
  ms: number;
}
