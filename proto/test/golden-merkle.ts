/** Worlds of fixed leaves, with their hashes, root and proofs. The leaf of node i is made by the recipe in `leafOf`. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { Digest, FleetId, NodeName, StorePath, WorldId } from "../src/names.ts";
import { canonicalBytes } from "../src/signed/canonical.ts";
import { PublicKeyText } from "../src/signed/keys.ts";
import { hashLeaf } from "../src/signed/merkle.ts";
import { LeafProof, proveLeaf, worldId, type Leaf } from "../src/signed/world.ts";

export const MerkleVector = z.object({
  v: z.literal(1),
  size: z.int().positive(),
  root: WorldId,
  /** RFC 6962 leaf hashes, in the order of the tree. */
  leafHashes: z.array(Digest),
  /** The exact bytes are in `leaf`, as base 64; `canonical` is the same as text. */
  proofs: z.array(LeafProof.extend({ node: NodeName, canonical: z.string() })),
});
export type MerkleVector = z.infer<typeof MerkleVector>;

/** All of the small worlds; of the large one the edges of its subtrees of 512, 256, 128, 64, 32 and 8. */
const proven = new Set([0, 1, 2, 255, 256, 511, 512, 767, 768, 895, 896, 959, 960, 991, 992, 998, 999]);

export function merkleVector(size: number): MerkleVector {
  const leaves = Array.from({ length: size }, (_, i) => leafOf(i));
  const shown = leaves.filter((_, i) => size <= 8 || proven.has(i));
  return {
    v: 1,
    size,
    root: worldId(leaves),
    leafHashes: leaves.map((leaf) => Digest.parse(hashLeaf(canonicalBytes(leaf)).toString("hex"))),
    proofs: shown.map((leaf) => {
      const proof = proveLeaf(leaves, leaf.node);
      if (proof === undefined) throw new Error(`no node ${leaf.node}`);
      return { node: leaf.node, canonical: canonicalBytes(leaf).toString("utf8"), ...proof };
    }),
  };
}

const hash = (text: string) => createHash("sha256").update(text).digest();

/** Digests of texts that name the field and the node's place, counted from 0; see the README beside the vectors. */
function leafOf(i: number): Leaf {
  const digits = hash(`toplevel ${i}`).toString("hex").slice(0, 32).replaceAll("e", "z");
  return {
    v: 1,
    fleetId: FleetId.parse(hash("fleet").toString("hex")),
    node: NodeName.parse(`n${i.toString().padStart(4, "0")}`),
    nodeKey: PublicKeyText.parse(`n:${hash(`key ${i}`).toString("base64")}`),
    toplevel: StorePath.parse(`/nix/store/${digits}-nixos-system-26.05`),
    closure: Digest.parse(hash(`closure ${i}`).toString("hex")),
    closureSize: 4_000_000_000 + i,
    substituters: ["https://hub.example/cache"],
  };
}
