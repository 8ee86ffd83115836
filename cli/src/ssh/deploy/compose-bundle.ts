/** PURE. What one node is brought: the key sets that it lacks, and the document with all that it must prove it by. */
import { maxDeliveredKeySets, type Delivery, type NodeReport } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, NodeName } from "@chimera/proto/names";
import { sortClosure, type ClosureEntry } from "@chimera/proto/signed/closure";
import { parsePayload, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { KeySet } from "@chimera/proto/signed/key-set";
import type { LeafProof } from "@chimera/proto/signed/world";
import type { WalkedChain } from "../../documents/open-signed.ts";

interface Receiver {
  fleetId: FleetId;
  node: NodeName;
  /** As the node reported it; `unknown` where it has not said anything so far. */
  keys: NodeReport["keys"] | "unknown";
  chain: WalkedChain;
}

export interface HeadBundle extends Receiver {
  head: Envelope;
  /** Undefined for a node without a leaf in its world. */
  proof: LeafProof | undefined;
  fresh: Envelope | null;
  /** Of the node's leaf; undefined where it is not in the local store: the node has it, or asks the controller. */
  closure: readonly ClosureEntry[] | undefined;
}

/** Throws node-unknown for a node without a leaf. */
export function headBundle({ head, proof, fresh, closure, ...receiver }: HeadBundle): Delivery {
  if (proof === undefined) {
    throw new ChimeraError("node-unknown", `${receiver.node} has no leaf in this world`);
  }
  const documents = { fresh, panic: null, head: { envelope: head, proof } };
  const list = closure === undefined ? null : { v: 1 as const, entries: sortClosure(closure) };
  return bundle(receiver, documents, list);
}

export interface PanicBundle extends Receiver {
  panic: Envelope;
  /** The head that it undoes: a node that was away may not have it. */
  undone: Envelope;
}

export function panicBundle({ panic, undone, ...receiver }: PanicBundle): Delivery {
  return bundle(receiver, { fresh: null, panic: { envelope: panic, undone }, head: null }, null);
}

function bundle(
  { fleetId, node, keys, chain }: Receiver,
  documents: Omit<Delivery["documents"], "keySets">,
  closure: Delivery["closure"],
): Delivery {
  const keySets = missingKeySets(keys, chain);
  return { v: 1, kind: "delivery", fleetId, node, documents: { keySets, ...documents }, closure };
}

/** A node that says it has no keys is brought none: it takes nothing at all. One that was not heard gets the newest: it knows older ones. */
function missingKeySets(keys: Receiver["keys"], chain: WalkedChain): Envelope[] {
  if (keys === "unknown") return chain.slice(-maxDeliveredKeySets).map(({ envelope }) => envelope);
  const version = keys === null ? null : versionOf(keys);
  if (version === null) return [];
  return chain
    .filter(({ set }) => set.version > version)
    .slice(0, maxDeliveredKeySets)
    .map(({ envelope }) => envelope);
}

function versionOf(envelope: Envelope): number | null {
  try {
    return parsePayload(payloadOf(envelope, "keys"), KeySet).version;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
