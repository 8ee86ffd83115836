/** PURE. A Merkle tree of RFC 6962 that only grows: of all its leaves only the hashes are held that the next root needs. */
import { createHash } from "node:crypto";
import { hashChildren } from "./merkle.ts";

export interface Frontier {
  size: number;
  /** Roots of its full subtrees, the largest first: one for each 1 in the size's binary digits. */
  peaks: readonly Buffer[];
}

export const emptyFrontier: Frontier = { size: 0, peaks: [] };

/** Two full subtrees of one height become one, as ones are carried in binary. */
export function addLeaf({ size, peaks }: Frontier, leafHash: Buffer): Frontier {
  const left = [...peaks];
  let hash = leafHash;
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
    const before = left.pop();
    if (before === undefined) throw new RangeError(`${peaks.length} subtrees of ${size} leaves`);
    hash = hashChildren(before, hash);
  }
  return { size: size + 1, peaks: [...left, hash] };
}

/** The same as merkleRoot of all its leaves. */
export function frontierRoot({ peaks }: Frontier): Buffer {
  const last = peaks.at(-1);
  if (last === undefined) return createHash("sha256").digest();
  return peaks.slice(0, -1).reduceRight((right, left) => hashChildren(left, right), last);
}
