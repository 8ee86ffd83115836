import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { addLeaf, emptyFrontier, frontierRoot } from "./merkle-frontier.ts";
import { hashLeaf, merkleRoot } from "./merkle.ts";

test("a tree that grew leaf by leaf has the root of the tree that was built at once, at every size", () => {
  const leaves = Array.from({ length: 300 }, (_, i) => hashLeaf(Buffer.from(`entry ${i}`)));
  let frontier = emptyFrontier;
  expect(frontierRoot(frontier)).toEqual(createHash("sha256").digest());
  for (const [i, leaf] of leaves.entries()) {
    frontier = addLeaf(frontier, leaf);
    expect(frontier.size).toBe(i + 1);
    expect(frontierRoot(frontier), `size ${i + 1}`).toEqual(merkleRoot(leaves.slice(0, i + 1)));
  }
  expect(frontier.peaks.length).toBeLessThanOrEqual(Math.ceil(Math.log2(leaves.length)));
});

test("a frontier whose peaks do not fit its size is no tree", () => {
  expect(() => addLeaf({ size: 3, peaks: [] }, Buffer.alloc(32))).toThrow(/0 subtrees of 3 leaves/u);
});
