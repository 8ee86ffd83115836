/**
 * PURE. The receipts of one wave, gathered by the lead: what lets the next wave go. Each was signed by the node that it is
 * about, so a lead can hold them back but not make them up.
 */
import { z } from "zod";
import { ChimeraError } from "../errors.ts";
import { Count, Digest, type NodeName } from "../names.ts";
import { Envelope } from "../signed/envelope.ts";
import { publicKeyName } from "../signed/keys.ts";
import { openReceipt, type Receipt } from "../signed/receipt.ts";
import { maxReceipts } from "./rollout-policy.ts";
import type { WaveList } from "./wave-list.ts";

export const WaveReceipts = z.object({
  v: z.literal(1),
  head: Digest,
  /** From 0. */
  wave: Count,
  receipts: z.array(Envelope).max(maxReceipts),
});
export type WaveReceipts = z.infer<typeof WaveReceipts>;

/** Nodes of the list that signed that they have committed this head; whatever else lies among the receipts counts for nothing. */
export function provenNodes(gathered: WaveReceipts, list: WaveList, head: Digest): Set<NodeName> {
  if (gathered.head !== head) return new Set();
  return signersWho(gathered.receipts, list.nodes, (receipt) => isCommitOf(receipt, head));
}

/** Those of the nodes whose own key signed a receipt of theirs that says so. */
export function signersWho(
  receipts: readonly Envelope[],
  nodes: WaveList["nodes"],
  says: (receipt: Receipt) => boolean,
): Set<NodeName> {
  const byKeyName = new Map<string, WaveList["nodes"]>();
  for (const entry of nodes) {
    const name = publicKeyName(entry.nodeKey);
    byKeyName.set(name, [...(byKeyName.get(name) ?? []), entry]);
  }
  const found = receipts.flatMap((envelope) => {
    const signers = envelope.signatures.flatMap(({ keyid }) => byKeyName.get(keyid) ?? []);
    return signers.filter((entry) => hasSaid(envelope, entry, says)).map(({ node }) => node);
  });
  return new Set(found);
}

/**
 * Whether a node says that it has proven this head. Its state word alone says nothing of that: until it begins, it is still the
 * word of the order before.
 */
export function isCommitOf(receipt: Receipt, head: Digest): boolean {
  const { document } = receipt;
  // Who went back has committed what was before, and proves nothing for the head.
  return document.id === head && document.rank === undefined && isDone(receipt);
}

/** It runs what the document asks for, for good. */
export function isDone({ state, target, current, times }: Receipt): boolean {
  const isReached = times.active !== null && times.pointer !== null && times.boot !== null;
  return state === "committed" && isReached && target !== null && current === target;
}

function hasSaid(
  envelope: Envelope,
  { node, nodeKey }: WaveList["nodes"][number],
  says: (receipt: Receipt) => boolean,
): boolean {
  try {
    const receipt = openReceipt(envelope, nodeKey);
    return receipt.node === node && says(receipt);
  } catch (error) {
    if (error instanceof ChimeraError) return false;
    throw error;
  }
}
