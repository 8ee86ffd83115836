import { NodeName } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { generateKey } from "@chimera/proto/signed/keys";
import { Leaf, type World } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { judgeWaves } from "./judge-waves.ts";

const people = ["n1", "n2", "n3"].map((name) => ({
  node: NodeName.parse(name),
  nodeKey: generateKey(name).public,
}));
const world: World = {
  v: 1,
  leaves: people.map(({ node, nodeKey }) =>
    Leaf.parse({
      v: 1,
      fleetId: "f".repeat(64),
      node,
      nodeKey,
      toplevel: `/nix/store/${"0".repeat(32)}-s`,
      closure: "a".repeat(64),
      closureSize: 1,
      substituters: [],
    }),
  ),
};
const list = (...names: string[]): WaveList => ({
  v: 1,
  kind: "wave",
  nodes: people.filter(({ node }) => names.includes(node)),
});
const [canary, rest] = [list("n1"), list("n2", "n3")];

function judge(lists: (WaveList | undefined)[], sizes = lists.map((one) => one?.nodes.length ?? 1)) {
  const waves = lists.map((one, index) => ({ list: waveDigest(one ?? canary), size: sizes[index] ?? 1 }));
  const policy: RolloutPolicy = {
    waves,
    maxFailed: 0,
    onFailure: "return",
    maxUnavailable: null,
    proven: 50,
    deadline: null,
    onDeadline: "hold",
  };
  return judgeWaves(policy, lists, world);
}

test("every node in one wave is a plan", () => {
  expect(judge([canary, rest])).toBeNull();
});

const stolen: WaveList = {
  ...canary,
  nodes: canary.nodes.map((one) => ({ ...one, nodeKey: generateKey("n1").public })),
};

test.each<[string, { lists: (WaveList | undefined)[]; sizes?: number[] }, string]>([
  ["a list that was not uploaded", { lists: [canary, undefined] }, "waves[1]: wave"],
  [
    "a size that is not the list's",
    { lists: [canary, rest], sizes: [1, 3] },
    "waves[1].size is 3, its list has 2",
  ],
  ["a node in two waves", { lists: [canary, list("n1", "n2", "n3")] }, "waves[1]: node n1"],
  ["a node in no wave", { lists: [canary, list("n2")] }, "no wave has node n3"],
  ["another key than the world's", { lists: [stolen, rest] }, "waves[0]: node n1 has another key"],
])("%s is named", (_, { lists, sizes }, problem) => {
  expect(judge(lists, sizes)).toContain(problem);
});
