import { Leaf, proveLeaf } from "./world.ts";
import { generateKey } from "./keys.ts";
import { expect, test } from "vitest";
import { allProofs } from "./all-proofs.ts";

const nodeKey = generateKey("n").public;

function makeLeaves(count: number): Leaf[] {
  return Array.from({ length: count }, (_, i) =>
    Leaf.parse({
      v: 1,
      fleetId: "f".repeat(64),
      node: `n${i}`,
      nodeKey,
      toplevel: `/nix/store/${"0".repeat(32)}-s${i}`,
      closure: "a".repeat(64),
      closureSize: 1,
      substituters: [],
    }),
  );
}

test.each([1, 2, 3, 7, 8, 13])("gives every leaf of a world of %i the proof that proto gives it", (count) => {
  const leaves = makeLeaves(count);
  const proofs = allProofs(leaves);
  expect(proofs.size).toBe(count);
  for (const { node } of leaves) expect(proofs.get(node)).toEqual(proveLeaf(leaves, node));
});
