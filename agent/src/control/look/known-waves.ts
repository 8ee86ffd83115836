/** PURE. What a node keeps of the waves of its head: where it stands, and who must have proved it before. */
import { Count, Digest, type NodeName } from "@chimera/proto/names";
import { maxWaves } from "@chimera/proto/rollout/rollout-policy";
import { WaveList } from "@chimera/proto/rollout/wave-list";
import { z } from "zod";

export const KnownWaves = z.object({
  v: z.literal(1),
  /** Id of the head that named them. */
  head: Digest,
  /** From 0. */
  wave: z.int().min(0).max(maxWaves),
  position: Count,
  /** The wave before this node's; null for the first. */
  before: WaveList.nullable(),
  /** All of them have signed that they have committed: nothing takes that back. */
  isEndProven: z.literal(true).optional(),
});
export type KnownWaves = z.infer<typeof KnownWaves>;

/** Null where the list does not name the node. */
export function placeIn(list: WaveList, node: NodeName): number | null {
  const position = list.nodes.findIndex((entry) => entry.node === node);
  return position < 0 ? null : position;
}
