/** PURE. Whether a node has done what a head asked of it: by what it says it runs, not by what it was told. */
import { comparePlace } from "@chimera/proto/signed/place";
import { errorCodes, isErrorCode } from "@chimera/proto/errors";
import type { NodeView } from "@chimera/proto/api";
import type { Digest, FleetId, NodeName, StorePath } from "@chimera/proto/names";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import type { NodeStatus } from "@chimera/proto/status";
import { failedStates } from "@chimera/proto/state-word";

export interface Goal {
  node: NodeName;
  fleetId: FleetId;
  /** Of its leaf in the signed world: whose word it must be. */
  nodeKey: PublicKeyText;
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
      /** As the node says it, or "silent". */
      state: string;
      detail: string;
      fetch: { doneBytes: number; totalBytes: number } | null;
      /** Why it has failed, should it stay like this: it may be said of the order before. */
      failsAs?: string;
    };

/** States a node does not leave by itself: waiting for it to come round would wait until the time is up. */
const failures: ReadonlySet<string> = new Set([...failedStates, "held"]);

/** `view` as checked against the goal's node key. */
export function nodeOutcome(view: NodeView | undefined, goal: Goal): NodeOutcome {
  const status = view?.status ?? null;
  if (status === null) return { kind: "waiting", state: "silent", detail: "never reported", fetch: null };
  const failure = failureOf(status, goal);
  if (failure !== undefined) return { kind: "failed", reason: failure };
  const waitsFor = openPoint(status, goal);
  const { state, fetch } = status;
  if (waitsFor !== undefined) {
    const failsAs = forbiddenRestart(status, goal);
    return { kind: "waiting", state, detail: waitsFor, fetch, ...(failsAs === null ? {} : { failsAs }) };
  }
  if (view?.verified === true) return { kind: "committed" };
  return { kind: "waiting", state, detail: "its status is not signed by its key", fetch: null };
}

/** What is missing to be there; empty when the node gives no reason. */
function openPoint({ accepted, state, waiting, system }: NodeStatus, goal: Goal): string | undefined {
  if (accepted?.id !== goal.head.id) return "has not taken the head";
  const runsIt = system.current === goal.toplevel && system.profile === goal.toplevel;
  // Its work is being brought back after a restart: until then it is no use to anybody.
  const isDone = state === "committed" && runsIt && waiting?.reason !== "undraining";
  return isDone ? undefined : (waiting?.detail ?? "");
}

function failureOf(status: NodeStatus, goal: Goal): string | undefined {
  const { accepted } = status;
  if (accepted !== null && accepted.id !== goal.head.id && comparePlace(accepted, goal.head) >= 0) {
    return `it follows head ${accepted.serial} instead`;
  }
  return accepted?.id === goal.head.id ? failureAt(status, goal) : refusalOf(status, goal);
}

/** One that may restart does so by itself; the others wait for a person. */
function forbiddenRestart({ accepted, state, waiting }: NodeStatus, { head }: Goal): string | null {
  if (accepted?.id !== head.id || state !== "staged-for-reboot") return null;
  if (waiting?.reason !== "needs-reboot") return null;
  const way = waiting.detail.startsWith("going back")
    ? "systemctl reboot on that node"
    : "deploy again with --reboot when-needed or --reboot window";
  return `staged-for-reboot: ${waiting.detail}: ${way}`;
}

/** Of a node that has committed: it is no use as it is. */
const noGood: ReadonlySet<string> = new Set(["undrain-failed", "no-way-back"]);

/** A node that failed before takes the new head first and changes its state word after: only new problems count. */
function failureAt(status: NodeStatus, { problemBefore }: Goal): string | undefined {
  const { state, problem, waiting } = status;
  if (state === "committed") return noGoodOf(status);
  if (!failures.has(state)) return undefined;
  if (problem === null) return `${state}: ${waiting?.detail ?? "it gave no reason"}`;
  return problem.at === problemBefore ? undefined : `${state}: ${problem.code}: ${problem.message}`;
}

function noGoodOf({ waiting }: NodeStatus): string | undefined {
  if (waiting === null || !noGood.has(waiting.reason)) return undefined;
  return `committed, but ${waiting.detail}`;
}

/** A refused head changes no state word: the node stays what it is, and says why. */
function refusalOf({ problem }: NodeStatus, { problemBefore }: Goal): string | undefined {
  if (problem === null || problem.at === problemBefore || !isErrorCode(problem.code)) return undefined;
  if (errorCodes[problem.code].retry === "backoff") return undefined;
  return `it refuses the head: ${problem.code}: ${problem.message}`;
}
