/** PURE. Whether a node has done what a head asked of it: by what it says it runs, not by what it was told. */
import { compareOrder } from "@chimera/proto/head";
import type { NodeView } from "@chimera/proto/api";
import type { Digest, NodeName, StorePath } from "@chimera/proto/names";
import type { NodeStatus } from "@chimera/proto/status";
import type { StateWord } from "@chimera/proto/state-word";

export interface Goal {
  node: NodeName;
  head: { id: Digest; epoch: number; serial: number };
  toplevel: StorePath;
  /** Time of the newest problem before the head was stored: an old one is not about it. */
  problemBefore: string | null;
}

export type NodeOutcome =
  | { kind: "committed" }
  | { kind: "failed"; reason: string }
  | {
      kind: "waiting";
      state: StateWord | "silent";
      detail: string;
      fetch: { doneBytes: number; totalBytes: number } | null;
    };

const failures: ReadonlySet<StateWord> = new Set([
  "reverted",
  "revert-failed",
  "refused",
  "stuck",
  "quarantined",
  "panic-no-target",
  "held",
]);

export function nodeOutcome(view: NodeView | undefined, goal: Goal): NodeOutcome {
  const status = view?.status ?? null;
  if (status === null) return { kind: "waiting", state: "silent", detail: "never reported", fetch: null };
  const { accepted, state, waiting, fetch } = status;
  const failure = failureOf(status, goal);
  if (failure !== undefined) return { kind: "failed", reason: failure };
  if (accepted?.id !== goal.head.id)
    return { kind: "waiting", state, detail: "has not taken the head", fetch };
  if (!runsIt(status, goal)) return { kind: "waiting", state, detail: waiting?.detail ?? "", fetch };
  if (view?.verified === true) return { kind: "committed" };
  return { kind: "waiting", state, detail: "its status is not signed by its key", fetch: null };
}

function runsIt({ state, system }: NodeStatus, { toplevel }: Goal): boolean {
  return state === "committed" && system.current === toplevel && system.profile === toplevel;
}

function failureOf(status: NodeStatus, goal: Goal): string | undefined {
  const { accepted, state, problem } = status;
  const isOurs = accepted?.id === goal.head.id;
  if (accepted !== null && !isOurs && compareOrder(accepted, goal.head) >= 0) {
    return `it follows head ${accepted.serial} instead`;
  }
  const hasNewProblem = problem !== null && problem.at !== goal.problemBefore;
  if (!failures.has(state) || !(isOurs || hasNewProblem)) return undefined;
  if (problem !== null) return `${state}: ${problem.code}: ${problem.message}`;
  return status.waiting === null ? state : `${state}: ${status.waiting.detail}`;
}
