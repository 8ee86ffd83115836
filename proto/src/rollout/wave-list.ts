/** PURE. The nodes of one wave with their keys: what a node of the next wave checks receipts against. Named by its digest. */
import { z } from "zod";
import { NodeName, type Digest } from "../names.ts";
import { canonicalBytes, sha256 } from "../signed/canonical.ts";
import { PublicKeyText } from "../signed/keys.ts";
import { maxNodes } from "../signed/world.ts";

export const WaveList = z.object({
  v: z.literal(1),
  kind: z.literal("wave"),
  /** In the order in which they go. */
  nodes: z
    .array(z.object({ node: NodeName, nodeKey: PublicKeyText }))
    .min(1)
    .max(maxNodes),
});
export type WaveList = z.infer<typeof WaveList>;

export function waveDigest(list: WaveList): Digest {
  return sha256(canonicalBytes(list));
}
