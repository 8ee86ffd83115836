/** PURE. Merkle tree of RFC 6962 §2.1 and the proof check of RFC 9162 §2.1.3.2. Hashes are 32-byte buffers. */
import { createHash } from "node:crypto";

const leafPrefix = Buffer.from([0]);
const nodePrefix = Buffer.from([1]);

export function hashLeaf(entry: Uint8Array): Buffer {
  return createHash("sha256").update(leafPrefix).update(entry).digest();
}

export function hashChildren(left: Uint8Array, right: Uint8Array): Buffer {
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

/** RFC 9162 §2.1.3.2, step by step; sizes below 2^31, since positions are shifted. */
export function verifyInclusion({ leafHash, index, size, path, root }: Inclusion): boolean {
  if (!isWithin(index, size)) return false;
  let place = { position: index, last: size - 1 };
  let hash = leafHash;
  for (const sibling of path) {
    if (place.last === 0) return false;
    const isRight = place.position % 2 === 1 || place.position === place.last;
    hash = isRight ? hashChildren(sibling, hash) : hashChildren(hash, sibling);
    place = parent(isRight ? withoutMissingSiblings(place) : place);
  }
  return place.last === 0 && hash.equals(root);
}

function isWithin(index: number, size: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < size && size <= 0x7fffffff;
}

interface Place {
  position: number;
  last: number;
}

/** The last node of an uneven level has no sibling there and moves up unhashed. */
function withoutMissingSiblings(place: Place): Place {
  return place.position % 2 === 0 && place.position !== 0 ? withoutMissingSiblings(parent(place)) : place;
}

function parent({ position, last }: Place): Place {
  return { position: position >> 1, last: last >> 1 };
}

/** The largest power of two below n (k in RFC 6962). */
function splitPoint(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1));
}
