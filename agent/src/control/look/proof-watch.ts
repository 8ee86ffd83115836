/**
 * SHELL. What a node must see signed before it believes the lead's record that a rollout is over: receipts from the store, by the
 * keys of the lists that the signed head names. Read only where it is due, until it is proven.
 */
import type { AcceptedHead } from "@chimera/proto/acceptance/trust-state";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { Digest } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import type { Found } from "./read-stored.ts";

export type Accepted = Pick<AcceptedHead, "id" | "head">;

export interface ProofWatch {
  /** Reads what is not known yet, one at a time. */
  refresh: (record: RolloutRecord | null) => void;
  isProven: () => boolean;
}

export interface ProofWatchOptions<T extends { head: Digest }> {
  /** The accepted head; null without one. */
  accepted: () => Accepted | null;
  /** Head for which an earlier run has seen it proven; null without. */
  value: Digest | null;
  isDue: (head: Accepted, record: RolloutRecord | null) => boolean;
  /** Throws ChimeraError where the controller has none that fits its digest. */
  fetchList: (digest: Digest) => Promise<WaveList>;
  readReceipts: () => Promise<Found<T>>;
  holds: (receipts: T, lists: readonly WaveList[], head: Digest) => boolean;
  onProven: (head: Digest) => void;
  log: Log;
}

export function createProofWatch<T extends { head: Digest }>(options: ProofWatchOptions<T>): ProofWatch {
  const { accepted, isDue, log } = options;
  let provenFor = options.value;
  let isReading = false;
  return {
    refresh(record) {
      const head = accepted();
      if (head === null || isReading || provenFor === head.id || !isDue(head, record)) return;
      isReading = true;
      void prove(options, head)
        .then((proven) => {
          provenFor = proven ?? provenFor;
          return proven === null ? undefined : options.onProven(proven);
        })
        .catch((error: unknown) => {
          if (!(error instanceof ChimeraError)) throw error;
          log.debug({ reason: errorChain(error) }, "the proof of a rollout's end could not be read");
        })
        .finally(() => (isReading = false));
    },
    isProven: () => provenFor !== null && provenFor === accepted()?.id,
  };
}

/** Null while it is not. The receipts first: where there are none, nobody fetches lists. */
async function prove<T extends { head: Digest }>(
  { readReceipts, fetchList, holds }: ProofWatchOptions<T>,
  { id, head }: Accepted,
): Promise<Digest | null> {
  const found = await readReceipts();
  if (found.kind !== "found" || found.value.head !== id) return null;
  const lists: WaveList[] = [];
  for (const { list } of head.policy.rollout?.waves ?? []) lists.push(await fetchList(list));
  return holds(found.value, lists, id) ? id : null;
}
