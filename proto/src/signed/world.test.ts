import { expect, test } from "vitest";
import { generateKey } from "./keys.ts";
import { Digest, FleetId, NodeName, StorePath } from "../names.ts";
import { Leaf, proveLeaf, sortLeaves, verifyLeaf, World, worldId } from "./world.ts";

const fleetId = FleetId.parse("f".repeat(64));
const nodeKey = generateKey("n").public;
const name = (text: string) => NodeName.parse(text);
const leaf = (node: string, letter = "a"): Leaf => ({
  v: 1,
  fleetId,
  node: name(node),
  nodeKey,
  toplevel: StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-${node}`),
  closure: Digest.parse("0".repeat(64)),
  closureSize: 1,
  substituters: ["http://hub:7070/cache"],
});
const leaves = ["n3", "n1", "n2"].map((node) => leaf(node));
const signed = { world: worldId(leaves), size: leaves.length, fleetId };

test("does not depend on the order in which leaves are given", () => {
  expect(worldId(leaves.toReversed())).toBe(worldId(leaves));
});

test("changes with every leaf", () => {
  expect(worldId([...leaves.slice(1), leaf("n3", "b")])).not.toBe(worldId(leaves));
});

test("gives every node its own leaf, proven", () => {
  for (const { node } of leaves) {
    const proof = proveLeaf(leaves, node);
    if (proof === undefined) throw new Error("no proof");
    expect(verifyLeaf(proof, signed, node).node).toBe(node);
  }
  expect(proveLeaf(leaves, "n9")).toBeUndefined();
});

test("refuses another node's leaf, another size, another world and a changed leaf", () => {
  const proof = proveLeaf(leaves, "n1");
  if (proof === undefined) throw new Error("no proof");
  const forged = Buffer.from(JSON.stringify(leaf("n1", "c"))).toString("base64");
  expect(() => verifyLeaf(proof, signed, name("n2"))).toThrow(/n1's/);
  expect(() => verifyLeaf(proof, { ...signed, size: 4 }, name("n1"))).toThrow(/not in the signed world/);
  expect(() => verifyLeaf(proof, { ...signed, world: worldId([leaf("n1")]) }, name("n1"))).toThrow(/not in/);
  expect(() => verifyLeaf({ ...proof, leaf: forged }, signed, name("n1"))).toThrow(/not in/);
  const elsewhere = FleetId.parse("e".repeat(64));
  expect(() => verifyLeaf(proof, { ...signed, fleetId: elsewhere }, name("n1"))).toThrow(/another fleet/);
});

test("refuses two leaves of one node", () => {
  expect(() => sortLeaves([leaf("n1"), leaf("n1", "b")])).toThrow(/n1 has two leaves/);
});

test("a world is read only in the one order that its tree has, each node once", () => {
  const sorted = sortLeaves(leaves);
  expect(World.safeParse({ v: 1, leaves: sorted }).success).toBe(true);
  expect(World.safeParse({ v: 1, leaves }).success).toBe(false);
  expect(World.safeParse({ v: 1, leaves: [leaf("n1"), leaf("n1", "b")] }).success).toBe(false);
  expect(World.safeParse({ v: 1, leaves: [] }).success).toBe(false);
});

test.each(["/etc/passwd", "/nix/store", "/nix/store/../../etc", "/nix/store/short-x", "relative", ""])(
  "no leaf wants %j",
  (toplevel) => {
    expect(Leaf.safeParse({ ...leaf("n1"), toplevel }).success).toBe(false);
  },
);
