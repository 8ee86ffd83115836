import { NodeName } from "@chimera/proto/names";
import { generateKey } from "@chimera/proto/signed/keys";
import { Leaf } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { planRollout, RolloutFile } from "./plan-rollout.ts";

const names = ["a1", "a2", "b1", "b2", "c1", "c2", "c3", "c4", "c5", "c6"].map((name) =>
  NodeName.parse(name),
);
const leaves = names.map((node) =>
  Leaf.parse({
    v: 1,
    fleetId: "f".repeat(64),
    node,
    nodeKey: generateKey(node).public,
    toplevel: `/nix/store/${"0".repeat(32)}-s`,
    closure: "a".repeat(64),
    closureSize: 1,
    substituters: [],
  }),
);
const nowMs = Date.parse("2026-11-29T00:00:00.000Z");

const plan = (file: object, changed: readonly NodeName[] = names) =>
  planRollout(RolloutFile.parse(file), {
    leaves,
    changed: new Set(changed),
    tagsOf: (node) => (node.startsWith("b") ? ["canary"] : []),
    nowMs,
  });

test("waves name their lists, with the keys that the world has", () => {
  const { policy, lists } = plan({ waves: ["@canary", "50%"] });
  expect(lists.map(({ nodes }) => nodes.map(({ node }) => node).join(" "))).toEqual([
    "b1 b2",
    "a1 a2 c1 c2 c3",
    "c4 c5 c6",
  ]);
  expect(policy.waves.map(({ size }) => size)).toEqual([2, 5, 3]);
  expect(lists[0]?.nodes[0]?.nodeKey).toBe(leaves[2]?.nodeKey);
  expect(policy).toMatchObject({ maxFailed: 0, onFailure: "return", maxUnavailable: null, proven: 50 });
});

test("nodes that stay as they are prove nothing: they are last", () => {
  const { lists } = plan({ waves: ["1", "rest"] }, names.slice(8));
  expect(lists.map(({ nodes }) => nodes.length)).toEqual([1, 9]);
  expect(lists[0]?.nodes[0]?.node).toBe("c5");
  expect(plan({ waves: ["1"] }, []).lists.map(({ nodes }) => nodes.length)).toEqual([10]);
});

test("shares are of the nodes that change, and never of nobody", () => {
  const { policy } = plan({ waves: ["1"], maxFailed: "25%", maxUnavailable: "1%" });
  expect(policy).toMatchObject({ maxFailed: 2, maxUnavailable: 1 });
});

test("a deadline counts from now", () => {
  const { policy } = plan({ waves: ["1"], deadline: "2h", onDeadline: "proceed" });
  expect(policy).toMatchObject({ deadline: "2026-11-29T02:00:00.000Z", onDeadline: "proceed" });
});

test.each([
  ["maxUnavailable", { maxUnavailable: 0 }],
  ["maxFailed", { maxFailed: "200%" }],
  ["maxFailed", { maxFailed: -1 }],
  ["deadline", { deadline: "soon" }],
  ["waves", { waves: [] }],
  ["wave", { wave: ["1"] }],
])("a wrong %s is refused", (name, changes) => {
  expect(() => plan({ waves: ["1"], ...changes })).toThrow(
    name === "maxUnavailable" ? "max unavailable" : name,
  );
});
