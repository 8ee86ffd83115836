/** PURE. What the lead's record says about waiting any longer. It is not signed: it ends our waiting, and proves nothing. */
import type { Digest } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { printableLine } from "../../print/printable.ts";

export type RolloutVerdict =
  | { kind: "going" }
  /** Nobody waits for who has not come along: it does when it returns. */
  | { kind: "over" }
  | { kind: "stopped"; message: string };

export function rolloutVerdict(record: RolloutRecord | null, head: Digest): RolloutVerdict {
  if (record === null || record.head !== head) return { kind: "going" };
  const reason = printableLine(record.reason);
  switch (record.phase) {
    case "staging":
    case "waves":
      return { kind: "going" };
    case "committed":
      return { kind: "over" };
    case "paused":
      return { kind: "stopped", message: `the rollout is paused: ${reason}` };
    case "returned":
      return { kind: "stopped", message: `the rollout was undone, nodes go back: ${reason}` };
  }
}
