/** PURE. What a node told as one sum, since it was too much to be told one by one. */
import type { NodeEventBody } from "@chimera/proto/event";

type Summed = Extract<NodeEventBody, { type: "drift-summed" }>["data"];

export function summedText({ found, reverted, unreverted, evidence }: Summed): string {
  const parts = [
    reverted === 0 ? "" : `put back ${reverted} more (${evidence} kept as evidence)`,
    found === 0 ? "" : `found ${found} more`,
    unreverted === 0 ? "" : `could not put back ${unreverted} more`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}
