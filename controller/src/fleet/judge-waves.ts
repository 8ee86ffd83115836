/** PURE. Whether the waves of a head are a plan for its world: every node in exactly one of them, with its own key. */
import type { NodeName } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import type { World } from "@chimera/proto/signed/world";

/** What is wrong, naming the field; null when nothing is. `lists`: in the order of the policy, undefined where not uploaded. */
export function judgeWaves(
  { waves }: RolloutPolicy,
  lists: readonly (WaveList | undefined)[],
  world: World,
): string | null {
  const left = new Map(world.leaves.map(({ node, nodeKey }) => [node, nodeKey]));
  for (const [index, { list: digest, size }] of waves.entries()) {
    const name = `head.policy.rollout.waves[${index}]`;
    const list = lists[index];
    if (list === undefined) return `${name}: wave ${digest} was not uploaded (PUT /v1/waves/<digest>)`;
    if (list.nodes.length !== size) return `${name}.size is ${size}, its list has ${list.nodes.length} nodes`;
    const wrong = takeOut(left, list);
    if (wrong !== null) return `${name}: ${wrong}`;
  }
  const [missing] = left.keys();
  return missing === undefined ? null : `head.policy.rollout.waves: no wave has node ${missing}`;
}

function takeOut(left: Map<NodeName, string>, { nodes }: WaveList): string | null {
  for (const { node, nodeKey } of nodes) {
    const key = left.get(node);
    if (key === undefined) return `node ${node} is not in the world, or in two waves`;
    if (key !== nodeKey) return `node ${node} has another key in the world`;
    left.delete(node);
  }
  return null;
}
