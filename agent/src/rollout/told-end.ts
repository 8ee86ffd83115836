/** PURE. How a rollout ended, as its nodes have signed it: all that is left of a record that nobody has any more. */
import type { Digest, NodeName } from "@chimera/proto/names";
import { backReceiptsOf } from "@chimera/proto/rollout/back-receipts";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Envelope } from "@chimera/proto/signed/envelope";

/** The word of a node that runs what the end asks for. */
export interface EndWord {
  node: NodeName;
  /** Its receipt says so: it has committed the head, or gone back from it. */
  phase: "committed" | "returned";
  receipt: Envelope;
  /** When the rollout ended, as this node knows it. */
  at: string;
}

/** Null where fewer than half of the world say the same. Where half says the one and half the other a person is asked. */
export function toldEnd(
  words: readonly EndWord[],
  { head, size }: { head: Digest; size: number },
): RolloutRecord | null {
  const [returned, committed] = (["returned", "committed"] as const).map((phase) => {
    const said = words.filter((word) => word.phase === phase);
    // Those that lie about the time are fewer than those that do not.
    const at = said.map((word) => word.at).toSorted()[said.length >> 1];
    return at === undefined || said.length < backReceiptsOf(size) ? null : { phase, at, count: said.length };
  });
  const told = returned ?? committed ?? null;
  if (told === null) return null;
  const { at } = told;
  if (returned && committed) {
    const reason = `half of the nodes have signed that they went back, and half that they have committed; the lead's own record is lost`;
    return { v: 1, head, lease: 0, phase: "paused", reason, at };
  }
  const reason = `${told.count} of ${size} nodes have signed it; the lead's own record is lost`;
  return { v: 1, head, lease: 0, phase: told.phase, reason, at };
}
