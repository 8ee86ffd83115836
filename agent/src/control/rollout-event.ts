/** PURE. What the fleet's history keeps of a lead's record: not who failed by name, which the nodes tell themselves. */
import type { NodeEventBody } from "@chimera/proto/event";
import type { NodeName } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";

/** From the node that leads alone: a thousand that repeat it say no more. */
export function tellOwnRollouts(
  node: NodeName,
  report: (event: NodeEventBody) => void,
): (record: RolloutRecord) => void {
  return (record) => {
    if (record.lead !== node) return;
    const { answered: _answered, failed: _failed, tolerated: _tolerated, ...data } = record;
    report({ type: "rollout-changed", data });
  };
}
