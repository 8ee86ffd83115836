/** PURE. The proofs of all leaves of a world in one walk: one by one, a thousand nodes would hash a million leaves. */
import { canonicalBytes } from "./canonical.ts";
import { hashLeaf, merkleRoot } from "./merkle.ts";
import { Digest } from "../names.ts";
import { sortLeaves, type Leaf, type LeafProof } from "./world.ts";

interface Subtree {
  root: Buffer;
  /** Of each leaf below, from its sibling up. */
  paths: Buffer[][];
}

export function allProofs(leaves: readonly Leaf[]): Map<string, LeafProof> {
  const sorted = sortLeaves(leaves);
  const encoded = sorted.map((leaf) => canonicalBytes(leaf));
  const { paths } = walk(encoded.map((bytes) => hashLeaf(bytes)));
  return new Map(
    sorted.map((leaf, index) => [
      leaf.node,
      {
        leaf: encoded[index]?.toString("base64") ?? "",
        index,
        size: sorted.length,
        path: (paths[index] ?? []).map((hash) => Digest.parse(hash.toString("hex"))),
      },
    ]),
  );
}

/** PATH of RFC 6962 §2.1.1 for every leaf at once; the root of two roots is the hash of their parent. */
function walk(hashes: readonly Buffer[]): Subtree {
  const [only] = hashes;
  if (only === undefined || hashes.length === 1) {
    return { root: merkleRoot(hashes), paths: hashes.map(() => []) };
  }
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1));
  const left = walk(hashes.slice(0, split));
  const right = walk(hashes.slice(split));
  return {
    root: merkleRoot([left.root, right.root]),
    paths: [
      ...left.paths.map((path) => [...path, right.root]),
      ...right.paths.map((path) => [...path, left.root]),
    ],
  };
}
