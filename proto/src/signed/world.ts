/** PURE. A world is the desired state of a whole fleet: node -> leaf, named by the Merkle root over its leaves. */
import { z } from "zod";
import { canonicalBytes, parseUtf8Json } from "./canonical.ts";
import { ChimeraError } from "../errors.ts";
import { canonicalBase64 } from "./envelope.ts";
import { PublicKeyText } from "./keys.ts";
import { hashLeaf, inclusionProof, merkleRoot, verifyInclusion } from "./merkle.ts";
import { Count, Digest, FleetId, NodeName, StorePath, WorldId } from "../names.ts";

/** One node's part of a world. */
export const Leaf = z.object({
  v: z.literal(1),
  fleetId: FleetId,
  node: NodeName,
  /** The key with which this node signs its status and receipts. */
  nodeKey: PublicKeyText,
  toplevel: StorePath,
  /** Root of the closure list (closure.ts). */
  closure: Digest,
  /** Bytes of all NARs. */
  closureSize: Count,
  substituters: z.array(z.url().max(512)).max(16),
});
export type Leaf = z.infer<typeof Leaf>;

export const maxNodes = 100_000;

/** Its leaves lie in the one order that the tree has: sorted by name, each name once. */
export const World = z.object({
  v: z.literal(1),
  leaves: z
    .array(Leaf)
    .min(1)
    .max(maxNodes)
    .refine(isSorted, "leaves must be sorted by node name, each node once"),
});
export type World = z.infer<typeof World>;

function isSorted(leaves: readonly { node: string }[]): boolean {
  return leaves.every(({ node }, i) => node < (leaves[i + 1]?.node ?? "\uffff"));
}

/** What a node fetches: its leaf as the exact bytes that were hashed, and the way up to the root. */
export const LeafProof = z.object({
  leaf: canonicalBase64(64 * 1024),
  index: Count,
  size: z.int().positive().max(maxNodes),
  path: z.array(Digest).max(40),
});
export type LeafProof = z.infer<typeof LeafProof>;

/** Sorted by node name; throws input-invalid for two leaves of one node. */
export function sortLeaves(leaves: readonly Leaf[]): Leaf[] {
  const sorted = leaves.toSorted((a, b) => (a.node < b.node ? -1 : 1));
  for (const [i, leaf] of sorted.entries()) {
    if (leaf.node === sorted[i + 1]?.node) {
      throw new ChimeraError("input-invalid", `world: node ${leaf.node} has two leaves`);
    }
  }
  return sorted;
}

export function worldId(leaves: readonly Leaf[]): WorldId {
  return WorldId.parse(merkleRoot(leafHashes(leaves)).toString("hex"));
}

/** Leaf and proof of one node; undefined when the world has no such node. */
export function proveLeaf(leaves: readonly Leaf[], node: string): LeafProof | undefined {
  const sorted = sortLeaves(leaves);
  const index = sorted.findIndex((leaf) => leaf.node === node);
  const leaf = sorted[index];
  if (leaf === undefined) return undefined;
  const path = inclusionProof(leafHashes(sorted), index).map((hash) => Digest.parse(hash.toString("hex")));
  return { leaf: canonicalBytes(leaf).toString("base64"), index, size: sorted.length, path };
}

/**
 * The leaf, once it is proven to be in the world of the signed size, in the signed fleet, and this node's own.
 * Throws leaf-unproven with the part that does not hold.
 */
export function verifyLeaf(
  proof: LeafProof,
  signed: { world: WorldId; size: number; fleetId: FleetId },
  node: NodeName,
): Leaf {
  const bytes = Buffer.from(proof.leaf, "base64");
  const proven = verifyInclusion({
    leafHash: hashLeaf(bytes),
    index: proof.index,
    size: signed.size,
    path: proof.path.map((digest) => Buffer.from(digest, "hex")),
    root: Buffer.from(signed.world, "hex"),
  });
  if (!proven || proof.size !== signed.size) {
    throw new ChimeraError(
      "leaf-unproven",
      `leaf ${proof.index} of ${proof.size} is not in the signed world`,
    );
  }
  const leaf = readLeaf(bytes);
  if (leaf.node !== node) throw new ChimeraError("leaf-unproven", `the proven leaf is ${leaf.node}'s`);
  if (leaf.fleetId !== signed.fleetId)
    throw new ChimeraError("leaf-unproven", "the leaf names another fleet");
  return leaf;
}

/** A leaf has one form: what other readers could read in another way, as a name that stands twice, is none. */
function readLeaf(bytes: Buffer): Leaf {
  const json = parseUtf8Json(bytes);
  if (canonicalBytes(json).equals(bytes)) return Leaf.parse(json);
  throw new ChimeraError("leaf-unproven", "the proven leaf is not canonical JSON");
}

function leafHashes(leaves: readonly Leaf[]): Buffer[] {
  return sortLeaves(leaves).map((leaf) => hashLeaf(canonicalBytes(leaf)));
}
