/** SHELL. Collects from the controller what proves the nodes' newest receipts, and checks it before it is saved. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeView } from "@chimera/proto/api";
import type { Digest, NodeName } from "@chimera/proto/names";
import { parsePayload, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { Receipt } from "@chimera/proto/signed/receipt";
import pLimit from "p-limit";
import { knownHeads, type FleetReader, type KnownHead } from "../documents/fleet-reader.ts";
import { openSignedPanic } from "../documents/open-signed.ts";
import type { Io } from "../io.ts";
import type { ReceiptsFile, SavedReceipt } from "./receipts-file.ts";

const proofsAtOnce = 16;

export interface Gathered {
  file: ReceiptsFile;
  /** Nodes without a receipt that could be saved, and why. */
  missing: { node: NodeName; reason: string }[];
}

interface Sources {
  heads: KnownHead[];
  panic: { id: Digest; undoes: Digest; serial: number; envelope: Envelope } | null;
}

interface Asked {
  view: NodeView;
  /** Only receipts of this head or its panic. */
  serial: number | undefined;
  sources: Sources;
}

type Found = { node: NodeName; saved: SavedReceipt; about: Envelope } | { node: NodeName; reason: string };

export async function gatherReceipts(
  io: Io,
  reader: FleetReader,
  serial: number | undefined,
): Promise<Gathered> {
  const [heads, nodes, panic] = await Promise.all([
    knownHeads(io, reader),
    reader.api.nodes(),
    newestPanic(reader),
  ]);
  const limit = pLimit(proofsAtOnce);
  const found = await Promise.all(
    nodes.map((view) => limit(() => findReceipt(reader, { view, serial, sources: { heads, panic } }))),
  );
  const saved = found.flatMap((one) => ("saved" in one ? [one] : []));
  const within = heads.filter(({ id }) => saved.some((one) => one.saved.head === id));
  const documents = [
    ...new Set([...within.map(({ envelope }) => envelope), ...saved.map(({ about }) => about)]),
  ];
  const { fleetId } = reader;
  const keySets = reader.chain.map(({ envelope }) => envelope);
  const receipts = saved.map((one) => one.saved);
  return {
    file: { v: 1, kind: "chimera-receipts", fleetId, keySets, documents, receipts },
    missing: found.flatMap((one) => ("saved" in one ? [] : [one])),
  };
}

async function newestPanic({ api, chain }: FleetReader): Promise<Sources["panic"]> {
  const { panic: stored } = await api.fleet();
  if (stored === null) return null;
  const { id, panic } = openSignedPanic(chain, stored.envelope);
  return { id, undoes: panic.undoes, serial: panic.serial, envelope: stored.envelope };
}

async function findReceipt(reader: FleetReader, asked: Asked): Promise<Found> {
  const { node, status } = asked.view;
  const envelope = status?.receipt ?? null;
  if (envelope === null) return { node, reason: "it has reported no receipt" };
  try {
    return await proveReceipt(reader, asked, envelope);
  } catch (error) {
    if (error instanceof ChimeraError && gone.has(error.code)) return { node, reason: error.message };
    throw error;
  }
}

async function proveReceipt(
  { api }: FleetReader,
  { view: { node }, serial, sources }: Asked,
  envelope: Envelope,
): Promise<Found> {
  const { document } = parsePayload(payloadOf(envelope, "receipt"), Receipt);
  if (serial !== undefined && document.serial !== serial) {
    return { node, reason: `its newest receipt is of ${document.kind} ${document.serial ?? "?"}` };
  }
  const source = sourceOf(document, sources);
  if (source === undefined)
    return { node, reason: `its ${document.kind} is not in the controller's history` };
  const proof = await api.leafProof(source.head.head.world, node);
  return { node, saved: { receipt: envelope, proof, head: source.head.id }, about: source.about };
}

/** What is the node's own matter, and no reason to leave the other nodes' receipts. */
const gone: ReadonlySet<string> = new Set([
  "signature-invalid",
  "input-invalid",
  "node-unknown",
  "world-unknown",
  "not-found",
]);

/** The document of a receipt, and the head in whose world the node's leaf is. */
function sourceOf(
  document: Receipt["document"],
  { heads, panic }: Sources,
): { head: KnownHead; about: Envelope } | undefined {
  const isPanic = document.kind === "panic" && panic?.id === document.id;
  const head = heads.find(({ id }) => id === (isPanic ? panic.undoes : document.id));
  if (head === undefined) return undefined;
  return { head, about: isPanic ? panic.envelope : head.envelope };
}
