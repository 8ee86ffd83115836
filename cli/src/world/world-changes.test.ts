/** What lies between two worlds, and which world a word means. */
import { expect, test } from "vitest";
import { Head } from "@chimera/proto/signed/head";
import { parsePayload, payloadOf } from "@chimera/proto/signed/envelope";
import { createSignedFleet, toplevel, type SignedHead } from "../../test/fixture/signed-fleet.ts";
import { closureOf } from "../../test/fixture/store-object.ts";
import { checkClosure } from "./check-closure.ts";
import { findWorld } from "./find-world.ts";
import { worldChanges } from "./world-changes.ts";

const fleet = createSignedFleet(["a", "b", "c"]);
const [a, b, c] = [fleet.leaf("a"), fleet.leaf("b"), fleet.leaf("c")];

test("nodes that joined, left, changed and stayed are told apart", () => {
  const bigger = { ...fleet.leaf("b", toplevel("b2")), closureSize: 1500 };
  const { changes, same } = worldChanges([a, b], [bigger, c]);
  expect(same).toBe(0);
  expect(changes).toMatchObject([
    { node: "a", kind: "left", old: a.toplevel, new: null, sizeChange: null },
    { node: "b", kind: "changed", old: b.toplevel, new: bigger.toplevel, sizeChange: 500, also: [] },
    { node: "c", kind: "joined", old: null, new: c.toplevel },
  ]);
  expect(worldChanges([a, b], [a, b])).toEqual({ changes: [], same: 2 });
});

test("the same path with other bits, another key or other caches is a change", () => {
  const other = { ...a, closure: b.closure, nodeKey: b.nodeKey, substituters: ["https://x.example"] };
  expect(worldChanges([a], [other]).changes).toMatchObject([{ also: ["bits", "node key", "substituters"] }]);
});

test("a closure list must have the leaf's root, its system, every reference and its size", () => {
  const [entry] = closureOf(a.toplevel);
  if (entry === undefined) throw new Error("no entry");
  expect(() => checkClosure(a, [entry])).not.toThrow();
  const wrong: [RegExp, () => void][] = [
    [/has the root/u, () => checkClosure(a, [{ ...entry, narHash: `sha256-${"B".repeat(43)}=` }])],
    [/has the root/u, () => checkClosure(a, [entry, entry])],
    [/is not in it/u, () => checkClosure({ ...a, toplevel: b.toplevel }, [entry])],
    [/has 1000 bytes/u, () => checkClosure({ ...a, closureSize: 7 }, [entry])],
  ];
  for (const [says, check] of wrong) expect(check).toThrow(says);
});

const heads = [fleet.head(7, [a, b]), fleet.head(6, [a]), fleet.head(5, [a, b])].map(
  ({ envelope }: SignedHead) => ({
    head: parsePayload(payloadOf(envelope, "head"), Head),
  }),
);
const world7 = heads[0]?.head.world ?? "";

test.each([["7"], [world7], [world7.slice(0, 8)]])("%s means the world of head 7", (word) => {
  expect(findWorld(heads, word)).toBe(world7);
});

test.each([["9"], ["abc"], ["zzzzzzzzz"], ["../../etc"], [""], [`${world7}0`]])(
  "%j means no world",
  (word) => {
    expect(() => findWorld(heads, word)).toThrow(expect.objectContaining({ code: "world-unknown" }));
  },
);
