/**
 * PURE. What a fleet runs by the documents that this operator and its nodes have, where no controller shows them. What counts
 * is a signature, and then the highest place. What nobody signs, a rollout's record, is no more than a claim here: see judge-return.ts.
 */
import { observedWorld } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, NodeName, WorldId } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type DocumentKind, type Envelope } from "@chimera/proto/signed/envelope";
import { judgeKeySet } from "@chimera/proto/signed/key-set";
import { comparePlace } from "@chimera/proto/signed/place";
import { verifyLeaf, worldId, type Leaf, type LeafProof } from "@chimera/proto/signed/world";
import type { WalkedChain } from "../../documents/open-signed.ts";
import type { CurrentFleet } from "../../fleet/newest-document.ts";
import {
  verifyHead,
  verifyPanic,
  type Trust,
  type VerifiedHead,
  type VerifiedPanic,
} from "../../fleet/verify-documents.ts";
import { claimsReturn } from "../../fleet/base/judge-return.ts";

/** Documents from one place: the operator's copy, or a node. */
export interface Shown {
  head: Envelope | null;
  panic: Envelope | null;
  rollout: RolloutRecord | null;
}

export type KnownFleet = Pick<CurrentFleet, "head" | "panic" | "effective" | "stored"> & {
  /** Somebody shows a record by which the fleet went back to the world before the head: `effective` does not follow it. */
  isReturnClaimed: boolean;
  /** Other heads of its place, each of which somebody has: two operators published at once. */
  rivals: VerifiedHead[];
};

/**
 * The newest valid ones of all; of several heads of one place that which most show, and of as many the one that was shown last, since
 * the operator's copy comes first. What is not valid is left out: whoever shows it may be anybody.
 */
export function knownFleet(shown: readonly Shown[], trust: Trust, nowMs: number): KnownFleet {
  const heads = shown.flatMap(({ head }) => opened(head, "head", (named) => verifyHead(named, trust)));
  const [head = null, ...rivals] = newestHeads(heads);
  const panics = shown.flatMap(({ panic }) => opened(panic, "panic", (named) => verifyPanic(named, trust)));
  const panic = head === null ? null : (panics.find((one) => undoes(one, head)) ?? null);
  const records = shown.map(({ rollout }) => rollout);
  return {
    head,
    panic,
    effective: observedWorld({ head, panic, rollout: null, nowMs }),
    stored: null,
    isReturnClaimed: head !== null && panic === null && claimsReturn(records, head, nowMs),
    rivals,
  };
}

function undoes({ panic }: VerifiedPanic, { id, head }: VerifiedHead): boolean {
  return panic.undoes === id && comparePlace(panic, head) === 0;
}

function opened<T>(
  envelope: Envelope | null,
  kind: DocumentKind,
  open: (named: { id: ReturnType<typeof sha256>; envelope: Envelope }) => T,
): T[] {
  if (envelope === null) return [];
  try {
    return [open({ id: sha256(payloadOf(envelope, kind)), envelope })];
  } catch (error) {
    if (error instanceof ChimeraError) return [];
    throw error;
  }
}

/** Of the highest place, each once. */
function newestHeads(all: readonly VerifiedHead[]): VerifiedHead[] {
  const [highest] = all.toSorted((a, b) => comparePlace(b.head, a.head));
  if (highest === undefined) return [];
  const top = all.filter(({ head }) => comparePlace(head, highest.head) === 0);
  return [...Map.groupBy(top.toReversed(), ({ id }) => id).values()]
    .toSorted((a, b) => b.length - a.length)
    .flatMap(([one]) => one ?? []);
}

/** The operator's chain, with what nodes have beyond it, as far as it follows: none can skip one. */
export function longerChain(chain: WalkedChain, shown: readonly (Envelope | null)[]): WalkedChain {
  const [last] = chain.slice(-1);
  if (last === undefined) return chain;
  for (const envelope of shown) {
    if (envelope === null) continue;
    const verdict = judgeKeySet(last, envelope);
    if (verdict.kind === "next") return longerChain([...chain, verdict.opened], shown);
  }
  return chain;
}

/**
 * The leaves of a world from its nodes' own proofs. Throws world-unknown with the nodes whose leaf nobody has: how many they
 * are is known, who they are is not.
 */
export function provenWorld(
  world: WorldId,
  shown: readonly { node: NodeName; proofs: readonly LeafProof[] }[],
  fleetId: FleetId,
): Leaf[] {
  const leaves = shown.flatMap(({ node, proofs }) => leafOf(proofs, { node, world, fleetId }) ?? []);
  if (leaves.length > 0 && worldId(leaves) === world) return leaves;
  throw new ChimeraError(
    "world-unknown",
    `world ${world} is not in this operator's copy, and ${leaves.length} nodes that answer have a leaf of it, which is not all of it: if another operator deploys it just now, run this again when that has reached its nodes; else give it with --world FILE (chimera world show --save, on a machine that has it)`,
  );
}

function leafOf(
  proofs: readonly LeafProof[],
  { node, world, fleetId }: { node: NodeName; world: WorldId; fleetId: FleetId },
): Leaf | null {
  for (const proof of proofs) {
    try {
      return verifyLeaf(proof, { world, size: proof.size, fleetId }, node);
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
    }
  }
  return null;
}
