/**
 * PURE. The receipts of everybody of a head's waves, gathered by the lead: the only proof that its rollout cannot fail any more. That
 * it is over says the lead's record, which nobody signs; a part of the waves, or of the last one, proves nothing of the others.
 */
import { z } from "zod";
import { Digest } from "../names.ts";
import { Envelope } from "../signed/envelope.ts";
import { maxReceipts } from "./rollout-policy.ts";
import type { WaveList } from "./wave-list.ts";
import { isCommitOf, signersWho } from "./wave-receipts.ts";

export const CommitReceipts = z.object({
  v: z.literal(1),
  head: Digest,
  receipts: z.array(Envelope).max(maxReceipts),
});
export type CommitReceipts = z.infer<typeof CommitReceipts>;

/** Whether the receipts of so many nodes fit into one message. Of larger worlds nothing proves it. */
export function isProvable(size: number): boolean {
  return size <= maxReceipts;
}

/** `lists`: of all waves of that head. */
export function isCommitProven(gathered: CommitReceipts, lists: readonly WaveList[], head: Digest): boolean {
  if (gathered.head !== head) return false;
  const nodes = lists.flatMap((list) => list.nodes);
  const committed = signersWho(gathered.receipts, nodes, (receipt) => isCommitOf(receipt, head));
  return nodes.every(({ node }) => committed.has(node));
}
