/** PURE. Merkle tree of RFC 6962 §2.1 and the proof check of RFC 9162 §2.1.3.2. Hashes are 32-byte buffers. */
import { createHash } from "node:crypto";

const leafPrefix = Buffer.from([0]);
const nodePrefix = Buffer.from([1]);

export function hashLeaf(entry: Uint8Array): Buffer {
  return createHash("sha256").update(leafPrefix).update(entry).digest();
}

function hashChildren(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash("sha256").update(nodePrefix).update(left).update(right).digest();
}

/** Root over leaf hashes (MTH in RFC 6962). The tree without leaves has the hash of nothing. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return createHash("sha256").digest();
  if (leaves.length === 1) return first;
  const split = splitPoint(leaves.length);
  return hashChildren(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)));
}

/** The path of leaf `index` (PATH in RFC 6962), from the leaf's sibling up. Throws RangeError outside the tree. */
export function inclusionProof(leaves: readonly Buffer[], index: number): Buffer[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
    throw new RangeError(`leaf ${index} of ${leaves.length}`);
  }
  if (leaves.length === 1) return [];
  const split = splitPoint(leaves.length);
  return index < split
    ? [...inclusionProof(leaves.slice(0, split), index), merkleRoot(leaves.slice(split))]
    : [...inclusionProof(leaves.slice(split), index - split), merkleRoot(leaves.slice(0, split))];
}

export interface Inclusion {
  leafHash: Buffer;
  index: number;
  /** The signed number of leaves: a proof for another size must not pass. */
  size: number;
  path: readonly Buffer[];
  root: Buffer;
}

/** RFC 9162 §2.1.3.2, step by step; sizes up to 2^31 are counted with shifts. */
export function verifyInclusion({ leafHash, index, size, path, root }: Inclusion): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= size || size > 0x7fffffff) return false;
  let position = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of path) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = hashChildren(sibling, hash);
      while (position % 2 === 0 && position !== 0) {
        position >>= 1;
        last >>= 1;
      }
    } else {
      hash = hashChildren(hash, sibling);
    }
    position >>= 1;
    last >>= 1;
  }
  return last === 0 && hash.equals(root);
}

/** The largest power of two below n (k in RFC 6962). */
function splitPoint(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1));
}
