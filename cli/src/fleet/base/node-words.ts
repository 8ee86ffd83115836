/**
 * PURE. What nodes say of how the rollout of their head ended, each by its own signature. What a node shows of the lead's record is no
 * more than that record, which nobody signs: what counts is that it signed its way back, and what it runs.
 */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { isBackFrom } from "@chimera/proto/rollout/back-receipts";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { openReceipt } from "@chimera/proto/signed/receipt";
import type { Leaf } from "@chimera/proto/signed/world";
import type { NodeStatus } from "@chimera/proto/status";
import type { VerifiedHead } from "../verify-documents.ts";

/** Of the nodes of the head's world. */
export interface Told {
  nodes: number;
  heard: number;
  /** They have signed that they went back from it. */
  returned: number;
  /** They have committed it, and run it. */
  committed: number;
}

export interface WordSight {
  head: Pick<VerifiedHead, "id">;
  /** Of the head's world. */
  leaves: readonly Leaf[];
  /** Checked against the keys of those leaves; what is not verified says nothing. */
  views: readonly NodeView[];
}

export function toldOf({ head, leaves, views }: WordSight): Told {
  const of = new Map(leaves.map((leaf) => [leaf.node, leaf]));
  const heard = views.flatMap(({ node, status, verified }) => {
    const leaf = of.get(node);
    return verified && status !== null && leaf !== undefined ? [{ status, leaf }] : [];
  });
  const back = heard.filter(({ status, leaf }) => isBack(status, leaf.nodeKey, head));
  const committed = heard.filter(
    (one) =>
      !back.includes(one) &&
      one.status.accepted?.id === head.id &&
      one.status.state === "committed" &&
      one.status.system.current === one.leaf.toplevel,
  );
  return { nodes: of.size, heard: heard.length, returned: back.length, committed: committed.length };
}

function isBack({ receipt }: NodeStatus, key: PublicKeyText, { id }: WordSight["head"]): boolean {
  if (receipt === null || receipt === undefined) return false;
  try {
    return isBackFrom(openReceipt(receipt, key), id);
  } catch (error) {
    if (error instanceof ChimeraError) return false;
    throw error;
  }
}
