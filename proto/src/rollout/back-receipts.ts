/**
 * PURE. The receipts of nodes that went back from a head, gathered by the lead. A node goes back only while its head consents to
 * that, by its own clock, so half of a world proves to one that comes too late for the consent that the fleet went in time.
 */
import { z } from "zod";
import { Digest } from "../names.ts";
import { Envelope } from "../signed/envelope.ts";
import type { Receipt } from "../signed/receipt.ts";
import { maxReceipts } from "./rollout-policy.ts";
import type { WaveList } from "./wave-list.ts";
import { isDone, signersWho } from "./wave-receipts.ts";

export const BackReceipts = z.object({
  v: z.literal(1),
  head: Digest,
  receipts: z.array(Envelope).max(maxReceipts),
});
export type BackReceipts = z.infer<typeof BackReceipts>;

/** How many nodes of a world of this size prove that it went back: half of them, as far as that fits into one message. */
export function backReceiptsOf(size: number): number {
  return Math.max(1, Math.min(maxReceipts, Math.ceil(size / 2)));
}

/** Whether a node says that it goes back from this head, or did. */
export function isGoingBackFrom({ document }: Receipt, head: Digest): boolean {
  return document.kind === "head" && document.id === head && document.rank === 1;
}

/** Whether a node says that it went back from this head, and is there. */
export function isBackFrom(receipt: Receipt, head: Digest): boolean {
  return isGoingBackFrom(receipt, head) && isDone(receipt);
}

/** `lists`: of all waves of that head. */
export function isBackProven(gathered: BackReceipts, lists: readonly WaveList[], head: Digest): boolean {
  if (gathered.head !== head) return false;
  const nodes = lists.flatMap((list) => list.nodes);
  const back = signersWho(gathered.receipts, nodes, (receipt) => isBackFrom(receipt, head));
  return back.size >= backReceiptsOf(nodes.length);
}
