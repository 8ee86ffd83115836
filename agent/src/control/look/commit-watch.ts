/**
 * SHELL. Whether everybody has committed the accepted head, for a node that has: only then its consent to go back is over before its
 * time. The lead's record says so as well, and anybody who reaches the store can write that while a wave is still under way.
 */
import { isCommitProven, isProvable, type CommitReceipts } from "@chimera/proto/rollout/commit-receipts";
import { createProofWatch, type Accepted, type ProofWatch, type ProofWatchOptions } from "./proof-watch.ts";

type Options = Pick<
  ProofWatchOptions<CommitReceipts>,
  "accepted" | "value" | "fetchList" | "readReceipts" | "onProven" | "log"
>;

export interface CommitWatchOptions extends Options {
  hasCommitted: (head: Accepted) => boolean;
}

export function createCommitWatch({ hasCommitted, ...options }: CommitWatchOptions): ProofWatch {
  return createProofWatch({
    ...options,
    isDue: (one, record) =>
      record?.head === one.id && record.phase === "committed" && isProvable(sizeOf(one)) && hasCommitted(one),
    holds: isCommitProven,
  });
}

function sizeOf({ head }: Accepted): number {
  return (head.policy.rollout?.waves ?? []).reduce((sum, { size }) => sum + size, 0);
}
