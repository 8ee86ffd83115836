/** PURE. What the lead makes of a node's signed status. */
import type { Digest } from "@chimera/proto/names";
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
  const { state, waiting, problem, accepted } = status;
  const hasHead = accepted?.id === head;
  return {
    silentMs,
    hasHead,
    state,
    waiting: waiting?.reason ?? null,
    problem: problem?.message ?? "",
    lostContact: problem?.code === "contact-lost",
    asksHold: hasHead && state === "committed" && waiting?.reason === "unhealthy-holds-fleet",
    isProven: receipt?.document.id === head && receipt.state === "committed",
  };
}
