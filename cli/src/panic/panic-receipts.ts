/** PURE. The nodes' receipts of a panic with all that proves them: `chimera receipt verify` needs no network for them. */
import { ChimeraError } from "@chimera/proto/errors";
import { allProofs } from "@chimera/proto/signed/all-proofs";
import type { Leaf } from "@chimera/proto/signed/world";
import type { ReceiptsFile } from "../receipt/receipts-file.ts";
import type { PanicNode } from "./panic-progress.ts";
import type { PanicGround, Released } from "./roads/panic-road.ts";

export function panicReceipts(
  { fleetId, chain, head }: Pick<PanicGround, "fleetId" | "chain" | "head">,
  {
    nodes,
    leaves,
    panic,
  }: { nodes: readonly PanicNode[]; leaves: readonly Leaf[]; panic: Pick<Released, "panics"> },
): ReceiptsFile {
  const proofs = allProofs(leaves);
  const receipts = nodes.flatMap(({ node, receipt }) => {
    const proof = proofs.get(node);
    if (proof === undefined) throw new ChimeraError("bug", `node ${node} is not in the world of its head`);
    return receipt === null ? [] : [{ receipt, proof, head: head.id }];
  });
  const keySets = chain.map(({ envelope }) => envelope);
  const documents = [head.envelope, ...panic.panics().values()];
  return { v: 1, kind: "chimera-receipts", fleetId, keySets, documents, receipts };
}
