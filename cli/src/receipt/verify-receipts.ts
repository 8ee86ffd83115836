/**
 * PURE. Whether each receipt of a file is what its node signed: from the fleet's id over key sets, documents, leaf and
 * node key to the receipt. Nothing that the file says of itself is believed.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Digest, FleetId, NodeName, StorePath } from "@chimera/proto/names";
import { payloadType, type Envelope } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import type { Panic } from "@chimera/proto/signed/panic";
import { showPlace, type Place } from "@chimera/proto/signed/place";
import { openReceipt, type Receipt } from "@chimera/proto/signed/receipt";
import { Leaf, verifyLeaf } from "@chimera/proto/signed/world";
import { openSignedHead, openSignedPanic, type WalkedChain } from "../documents/open-signed.ts";
import type { ReceiptsFile, SavedReceipt } from "./receipts-file.ts";

type ReceiptDocument =
  | { kind: "head"; id: Digest; keySet: number; head: Head }
  | { kind: "panic"; id: Digest; keySet: number; panic: Panic };

interface VerifiedReceipt {
  node: NodeName;
  document: { kind: "head" | "panic"; id: Digest; place: Place; keySet: number };
  state: Receipt["state"];
  target: StorePath | null;
  current: StorePath | null;
  times: Receipt["times"];
}

export type ReceiptVerdict =
  | { holds: true; receipt: VerifiedReceipt }
  /** `node`: as its own leaf names it, unproven; null where not even that can be read. */
  | { holds: false; node: string | null; reason: string };

/** Every document of the file by its id; throws the code of the first that nobody of its role signed. */
function openDocuments(chain: WalkedChain, envelopes: readonly Envelope[]): Map<Digest, ReceiptDocument> {
  const documents = envelopes.map((envelope) => openDocument(chain, envelope));
  return new Map(documents.map((document) => [document.id, document]));
}

export function verifyReceipts(
  file: Pick<ReceiptsFile, "receipts" | "documents">,
  chain: WalkedChain,
  fleetId: FleetId,
): ReceiptVerdict[] {
  const documents = openDocuments(chain, file.documents);
  return file.receipts.map((saved) => {
    try {
      return { holds: true, receipt: verifyReceipt(saved, documents, fleetId) };
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      return { holds: false, node: claimedNode(saved), reason: errorChain(error) };
    }
  });
}

/** Throws the first thing that does not hold. */
function verifyReceipt(
  { receipt: envelope, proof, head: headId }: SavedReceipt,
  documents: ReadonlyMap<Digest, ReceiptDocument>,
  fleetId: FleetId,
): VerifiedReceipt {
  const within = documents.get(headId);
  if (within?.kind !== "head") {
    throw new ChimeraError("leaf-unproven", "the head of its leaf's world is not among the documents");
  }
  const leaf = provenLeaf(proof, within.head, fleetId);
  const receipt = openReceipt(envelope, leaf.nodeKey);
  checkOwn(receipt, leaf, fleetId);
  const document = documents.get(receipt.document.id);
  if (document === undefined || document.kind !== receipt.document.kind) {
    throw new ChimeraError("input-invalid", `it is about a ${receipt.document.kind} that is not in the file`);
  }
  checkWorld(document, within);
  const place = placeOf(document);
  checkClaims(receipt, { place, leaf, kind: document.kind });
  const { node, state, target, current, times } = receipt;
  const { kind, id, keySet } = document;
  return { node, document: { kind, id, place, keySet }, state, target, current, times };
}

function openDocument(chain: WalkedChain, envelope: Envelope): ReceiptDocument {
  if (envelope.payloadType === payloadType("panic")) {
    const { panic, id, keySet } = openSignedPanic(chain, envelope);
    return { kind: "panic", id, keySet, panic };
  }
  const { head, id, keySet } = openSignedHead(chain, envelope);
  return { kind: "head", id, keySet, head };
}

/** The proof names its node itself; which node signed is what comes out of it. */
function provenLeaf(proof: SavedReceipt["proof"], { world, size }: Head, fleetId: FleetId): Leaf {
  const claimed = readLeaf(proof);
  if (claimed === undefined) throw new ChimeraError("leaf-unproven", "its leaf is in no form that is known");
  return verifyLeaf(proof, { world, size, fleetId }, claimed.node);
}

function claimedNode({ proof }: SavedReceipt): string | null {
  return readLeaf(proof)?.node ?? null;
}

function readLeaf({ leaf }: SavedReceipt["proof"]): Leaf | undefined {
  try {
    return Leaf.safeParse(JSON.parse(Buffer.from(leaf, "base64").toString("utf8"))).data;
  } catch {
    return undefined;
  }
}

function checkOwn(receipt: Receipt, leaf: Leaf, fleetId: FleetId): void {
  if (receipt.fleetId !== fleetId) {
    throw new ChimeraError("fleet-mismatch", `the receipt is for fleet ${receipt.fleetId}`);
  }
  if (receipt.node === leaf.node) return;
  throw new ChimeraError("leaf-unproven", `the receipt is ${receipt.node}'s, the leaf ${leaf.node}'s`);
}

/** A leaf of another world could name a key that the node has no more. */
function checkWorld(document: ReceiptDocument, within: Extract<ReceiptDocument, { kind: "head" }>): void {
  const isIts =
    document.kind === "head"
      ? document.id === within.id
      : document.panic.undoes === within.id || document.panic.world === within.head.world;
  if (isIts) return;
  throw new ChimeraError(
    "leaf-unproven",
    `its leaf is of head ${showPlace(within.head)}, not of its document`,
  );
}

function placeOf(document: ReceiptDocument): Place {
  const { epoch, serial } = document.kind === "head" ? document.head : document.panic;
  return { epoch, serial, rank: document.kind === "head" ? 0 : 1 };
}

function checkClaims(
  { document, target }: Receipt,
  { place, leaf, kind }: { place: Place; leaf: Leaf; kind: "head" | "panic" },
): void {
  if (document.epoch !== place.epoch || document.serial !== place.serial) {
    throw new ChimeraError(
      "input-invalid",
      `it names another place than its ${kind} ${showPlace(place)} has`,
    );
  }
  if (kind === "head" && target !== leaf.toplevel) {
    throw new ChimeraError("input-invalid", `its target is not the leaf's ${leaf.toplevel}`);
  }
}
