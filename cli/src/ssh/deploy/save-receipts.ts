/** SHELL. The nodes' signed receipts as they came through ssh, with all that proves them: `chimera receipt verify` checks the file. */
import { resolve } from "node:path";
import type { NodeReport } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, FleetId, NodeName } from "@chimera/proto/names";
import { allProofs } from "@chimera/proto/signed/all-proofs";
import { openEnvelope, type Envelope } from "@chimera/proto/signed/envelope";
import type { Leaf, LeafProof } from "@chimera/proto/signed/world";
import { NodeStatus } from "@chimera/proto/status";
import type { WalkedChain } from "../../documents/open-signed.ts";
import type { Io } from "../../io.ts";
import type { ReceiptsFile, SavedReceipt } from "../../receipt/receipts-file.ts";
import { verifyReceipts } from "../../receipt/verify-receipts.ts";
import { replaceFile } from "../../replace-file.ts";

export interface ReceiptSources {
  fleetId: FleetId;
  chain: WalkedChain;
  /** The head in whose world the leaves are, and what the receipts are about where that is its panic. */
  head: { id: Digest; envelope: Envelope; leaves: readonly Leaf[] };
  panic: Envelope | null;
  reports: ReadonlyMap<NodeName, NodeReport>;
}

/** Only receipts that hold are saved. Answers how many they are. */
export async function saveReceipts(io: Io, path: string, sources: ReceiptSources): Promise<number> {
  const { fleetId, chain, head, panic } = sources;
  const documents = panic === null ? [head.envelope] : [head.envelope, panic];
  const proofs = allProofs(head.leaves);
  const all = head.leaves.flatMap((leaf) => receiptOf(leaf, proofs.get(leaf.node), sources) ?? []);
  const receipts = all.filter(
    (one) => verifyReceipts({ receipts: [one], documents }, chain, fleetId)[0]?.holds === true,
  );
  const keySets = chain.map(({ envelope }) => envelope);
  const file: ReceiptsFile = { v: 1, kind: "chimera-receipts", fleetId, keySets, documents, receipts };
  await replaceFile(resolve(io.cwd, path), `${JSON.stringify(file)}\n`);
  return receipts.length;
}

function receiptOf(
  leaf: Leaf,
  proof: LeafProof | undefined,
  { head, reports }: ReceiptSources,
): SavedReceipt | null {
  const report = reports.get(leaf.node);
  const receipt = report === undefined ? null : newestReceipt(report, leaf);
  return receipt === null || proof === undefined ? null : { receipt, proof, head: head.id };
}

function newestReceipt({ status }: NodeReport, { nodeKey }: Leaf): Envelope | null {
  try {
    const role = { keys: [nodeKey], threshold: 1 };
    return openEnvelope(status, { kind: "status", role }, NodeStatus).message.receipt ?? null;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
