/** PURE. What became of one document on one node: by a receipt or status that the node signed, else by what it told. */
import type { NodeEvent } from "@chimera/proto/event";
import type { StorePath } from "@chimera/proto/names";
import type { Receipt } from "@chimera/proto/signed/receipt";
import type { NodeStatus } from "@chimera/proto/status";
import { failedStates } from "@chimera/proto/state-word";

/** `open`: taken, and not (yet) at an end that is known. Nodes of which nothing is known have none of these. */
type Outcome = "committed" | "reverted" | "failed" | "open";

export interface NodeResult {
  outcome: Outcome;
  state: string | null;
  /** When that was so, by the node's clock. */
  at: string;
  /** By the node's own key, checked here; else it is what NATS lets that node alone say. */
  signed: boolean;
  reason: string;
}

export interface Judged {
  kind: "head" | "panic";
  /** Of the node's leaf in the head's world. */
  toplevel: StorePath;
}

export function receiptResult({ state, target, current, times, at }: Receipt, judged: Judged): NodeResult {
  const isDone = times.active !== null && times.pointer !== null && times.boot !== null;
  const isThere = state === "committed" && target !== null && current === target && isDone;
  const outcome = outcomeOf(state, { ...judged, isThere, isOwn: target === judged.toplevel });
  return { outcome, state, at, signed: true, reason: "" };
}

/**
 * Of a status about this head; it says why, as no receipt does. A node that has just taken the head still has the state word of
 * the order before: what went wrong before it took this one is no word on it.
 */
export function statusResult(
  { state, at, accepted, system, problem, waiting }: NodeStatus,
  judged: Judged,
): NodeResult {
  const isOwn = system.current === judged.toplevel;
  const isBefore = problem === null || (accepted !== null && problem.at < accepted.acceptedAt);
  const judgedAs = outcomeOf(state, { ...judged, isThere: state === "committed" && isOwn, isOwn: true });
  const outcome = judgedAs !== "committed" && isBefore ? "open" : judgedAs;
  const reason = outcome === "committed" ? "" : (waiting?.detail ?? (isBefore ? "" : problem.message));
  return { outcome, state, at, signed: true, reason };
}

/** Null for an event that says nothing of the document. `rank`: 1 for a way back. */
export function eventResult(event: NodeEvent, judged: Judged): NodeResult | null {
  const { time: at } = event;
  if (event.type === "document-accepted") {
    return {
      outcome: "open",
      state: null,
      at,
      signed: false,
      reason: "accepted; of its end nothing is kept",
    };
  }
  if (event.type === "document-refused") {
    const { code, message } = event.data;
    return { outcome: "failed", state: "refused", at, signed: false, reason: `${code}: ${message}` };
  }
  if (event.type !== "state-changed" || event.data.order?.local !== null) return null;
  const { to: state, problem = null, order } = event.data;
  const isOwn = order.rank === 0;
  const outcome = outcomeOf(state, { ...judged, isThere: state === "committed", isOwn });
  return {
    outcome,
    state,
    at,
    signed: false,
    reason: problem === null ? "" : `${problem.code}: ${problem.message}`,
  };
}

interface Facts extends Judged {
  /** It runs what the document asks for, and has proven it. */
  isThere: boolean;
  /** What it asks for is the head's own system, and not the way back from it. */
  isOwn: boolean;
}

function outcomeOf(state: string, { kind, isThere, isOwn }: Facts): Outcome {
  if (isThere) return kind === "panic" || isOwn ? "committed" : "reverted";
  if (state === "reverted" && kind === "head") return "reverted";
  return failedStates.has(state) ? "failed" : "open";
}

/** An end counts more than none, what is signed more than what is told, and then the later word. */
export function better(a: NodeResult | undefined, b: NodeResult): NodeResult {
  if (a === undefined) return b;
  const [one, other] = [rankOf(a), rankOf(b)];
  const chosen = one === other ? (Date.parse(b.at) >= Date.parse(a.at) ? b : a) : one > other ? a : b;
  // Who signs that it went back does not say why; what it told does.
  const rest = chosen === a ? b : a;
  const borrows = chosen.reason === "" && chosen.outcome !== "committed" && rest.outcome === chosen.outcome;
  return borrows ? { ...chosen, reason: rest.reason } : chosen;
}

function rankOf({ outcome, signed }: NodeResult): number {
  return (outcome === "open" ? 0 : 2) + (signed ? 1 : 0);
}
