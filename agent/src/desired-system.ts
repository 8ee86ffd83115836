/** PURE. What the accepted head, its leaf and the node's own configuration together want of this machine. */
import type { Leaf } from "@chimera/proto/signed/world";
import type { AgentConfig } from "./config.ts";
import type { AcceptedHead } from "./control/accepted.ts";
import type { Desired } from "./reconcile/decision.ts";

export function composeDesired(
  accepted: AcceptedHead | null,
  leaf: Leaf | null,
  config: Pick<AgentConfig, "probationSeconds" | "activationSeconds" | "drift">,
): Desired | null {
  if (accepted === null || leaf === null) return null;
  const { epoch, serial, policy } = accepted.head;
  return {
    order: { epoch, serial, id: accepted.id },
    toplevel: leaf.toplevel,
    probationMs: (policy.probationSeconds ?? config.probationSeconds) * 1000,
    activationSeconds: policy.activationSeconds ?? config.activationSeconds,
    revertForeign: config.drift.mode === "revert",
  };
}
