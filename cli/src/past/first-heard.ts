/** SHELL. When the first node had a panic, by its own signature: over ssh it comes to nodes long before the controller has it. */
import { ChimeraError } from "@chimera/proto/errors";
import { knownEvent } from "@chimera/proto/event";
import type { Digest, NodeName, WorldId } from "@chimera/proto/names";
import { parsePayload, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { openReceipt, Receipt } from "@chimera/proto/signed/receipt";
import type { HistoryReader } from "../documents/fleet-reader.ts";
import { verifiedWorld } from "../fleet/current-fleet.ts";
import type { Io } from "../io.ts";
import type { PastHead } from "./effective-at.ts";
import type { KnownPanic } from "./known-past.ts";
import { readEvents } from "./read-events.ts";

interface Undone {
  head: PastHead;
  panic: KnownPanic;
}

/** ISO; null where no genuine receipt of it is kept. */
export async function firstHeard(
  io: Pick<Io, "signal">,
  reader: HistoryReader,
  { head, panic }: Undone,
): Promise<string | null> {
  const keys = await nodeKeys(reader, [head.head.world, panic.panic.world]);
  const since = head.storedAt < head.head.createdAt ? head.storedAt : head.head.createdAt;
  let first: string | null = null;
  for await (const { event } of readEvents(io, reader.api, { since, types: ["receipt"] })) {
    const known = knownEvent(event);
    const nodeKey = keys.get(event.source);
    if (known?.type !== "receipt" || nodeKey === undefined) continue;
    const ackAt = ackOf(known.data.receipt, panic.id);
    if (ackAt === null || (first !== null && Date.parse(ackAt) >= Date.parse(first))) continue;
    if (isGenuine(known.data.receipt, { nodeKey, node: event.source, reader })) first = ackAt;
  }
  return first;
}

/** Of the nodes that the head was for: in the world that it ordered, or where that is not kept in the one it went back to. */
async function nodeKeys(
  { api }: HistoryReader,
  worlds: readonly WorldId[],
): Promise<Map<NodeName, PublicKeyText>> {
  for (const world of worlds) {
    try {
      const leaves = await verifiedWorld(api, world);
      return new Map(leaves.map(({ node, nodeKey }) => [node, nodeKey]));
    } catch (error) {
      if (!(error instanceof ChimeraError) || error.code !== "world-unknown") throw error;
    }
  }
  return new Map();
}

/** Unverified: whether it is worth that. */
function ackOf(envelope: Envelope, panic: Digest): string | null {
  const receipt = orNull(() => parsePayload(payloadOf(envelope, "receipt"), Receipt));
  return receipt?.document.id === panic ? receipt.times.ack : null;
}

interface Signatory {
  node: NodeName;
  nodeKey: PublicKeyText;
  reader: HistoryReader;
}

function isGenuine(envelope: Envelope, { node, nodeKey, reader }: Signatory): boolean {
  const receipt = orNull(() => openReceipt(envelope, nodeKey));
  return receipt?.node === node && receipt.fleetId === reader.trust.fleetId;
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
