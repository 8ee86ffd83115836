/** PURE. What the lead makes of a node's signed status. */
import type { Digest } from "@chimera/proto/names";
import { isGoingBackFrom } from "@chimera/proto/rollout/back-receipts";
import { isCommitOf } from "@chimera/proto/rollout/wave-receipts";
import type { Receipt } from "@chimera/proto/signed/receipt";
import type { NodeStatus } from "@chimera/proto/status";
import type { NodeSight } from "./lead-sight.ts";

export interface Said {
  status: NodeStatus;
  /** The receipt that the status carries, if the node's key signed it. */
  receipt: Receipt | null;
  /** Since anything was heard of the node. */
  silentMs: number;
}

export function sightOfStatus({ status, receipt, silentMs }: Said, head: Digest): NodeSight {
  const { state, problem } = status;
  const hasHead = status.accepted?.id === head;
  const waiting = status.waiting?.reason ?? null;
  const asksHold = hasHead && waiting === "unhealthy-holds-fleet";
  return {
    silentMs,
    hasHead,
    acceptedAt: hasHead ? (status.accepted?.acceptedAt ?? null) : null,
    state,
    waiting,
    problem: wordsOf(status, asksHold),
    lostContact: problem?.code === "contact-lost",
    asksHold,
    ...signedBy(receipt, head),
  };
}

/** What its receipt says, whatever its words are. */
function signedBy(receipt: Receipt | null, head: Digest): Pick<NodeSight, "isProven" | "isGoingBack"> {
  if (receipt === null) return { isProven: false, isGoingBack: false };
  return { isProven: isCommitOf(receipt, head), isGoingBack: isGoingBackFrom(receipt, head) };
}

/** Of a node that has committed. */
const saysWhy: ReadonlySet<string> = new Set(["undrain-failed", "no-way-back"]);

/** Why it waits, where that is what counts; else its newest problem. */
function wordsOf({ state, waiting, problem }: NodeStatus, asksHold: boolean): string {
  const detail = waiting?.detail ?? "";
  const isWhy = asksHold || state === "staged" || saysWhy.has(waiting?.reason ?? "");
  return isWhy ? detail : (problem?.message ?? detail);
}
