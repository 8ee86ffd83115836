/**
 * SHELL. Whether the fleet went back from the accepted head, for a node that comes too late for the consent: the lead's record says
 * so, which nobody signs, and half of the world has signed it. Others read nothing: their own clock has decided.
 */
import { hasReturned, mayReturn } from "@chimera/proto/effective";
import { isBackProven, type BackReceipts } from "@chimera/proto/rollout/back-receipts";
import { createProofWatch, type Accepted, type ProofWatch, type ProofWatchOptions } from "./proof-watch.ts";

type Options = Pick<
  ProofWatchOptions<BackReceipts>,
  "accepted" | "fetchList" | "readReceipts" | "onProven" | "log"
>;

export interface BackWatchOptions extends Options {
  /** Whether this machine has gone back from that head already. */
  isBack: (head: Accepted) => boolean;
  /** UTC, and never before what an operator has signed. */
  utcMs: () => number;
}

export function createBackWatch({ isBack, utcMs, ...options }: BackWatchOptions): ProofWatch {
  return createProofWatch({
    ...options,
    value: null,
    isDue(one, record) {
      if (record?.head !== one.id || isBack(one)) return false;
      const nowMs = utcMs();
      return hasReturned(record, one.head, nowMs) && !mayReturn(one.head, nowMs);
    },
    holds: isBackProven,
  });
}
