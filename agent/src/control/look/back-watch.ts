/**
 * SHELL. Whether the fleet went back from the accepted head, for a node that comes too late for the consent: the lead's record says
 * so, which nobody signs, and half of the world has signed it. Others read nothing: their own clock has decided.
 */
import type { AcceptedHead } from "@chimera/proto/acceptance/trust-state";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { hasReturned, mayReturn } from "@chimera/proto/effective";
import type { Log } from "@chimera/proto/log";
import type { Digest } from "@chimera/proto/names";
import { isBackProven, type BackReceipts } from "@chimera/proto/rollout/back-receipts";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import type { Found } from "./read-stored.ts";

export interface BackWatch {
  /** Reads what is not known yet, one at a time. */
  refresh: (record: RolloutRecord | null) => void;
  isProven: () => boolean;
}

export interface BackWatchOptions {
  /** The accepted head; null without one. */
  accepted: () => Accepted | null;
  /** Whether this machine has gone back from that head already. */
  isBack: (head: Accepted) => boolean;
  /** UTC, and never before what an operator has signed. */
  utcMs: () => number;
  /** Throws ChimeraError where the controller has none that fits its digest. */
  fetchList: (digest: Digest) => Promise<WaveList>;
  readReceipts: () => Promise<Found<BackReceipts>>;
  onChange: () => void;
  log: Log;
}

type Accepted = Pick<AcceptedHead, "id" | "head">;

interface State extends BackWatchOptions {
  provenFor: Digest | null;
  isReading: boolean;
}

export function createBackWatch(options: BackWatchOptions): BackWatch {
  const state: State = { ...options, provenFor: null, isReading: false };
  return {
    refresh(record) {
      const accepted = state.accepted();
      if (accepted === null || state.isReading || !isDue(state, accepted, record)) return;
      state.isReading = true;
      void prove(state, accepted)
        .catch((error: unknown) => {
          if (!(error instanceof ChimeraError)) throw error;
          state.log.debug({ reason: errorChain(error) }, "whether the fleet went back could not be read");
        })
        .finally(() => (state.isReading = false));
    },
    isProven: () => state.provenFor !== null && state.provenFor === state.accepted()?.id,
  };
}

function isDue({ provenFor, isBack, utcMs }: State, one: Accepted, record: RolloutRecord | null): boolean {
  const { id, head } = one;
  if (provenFor === id || record?.head !== id || isBack(one)) return false;
  const nowMs = utcMs();
  return hasReturned(record, head, nowMs) && !mayReturn(head, nowMs);
}

/** The receipts first: where there are none, nobody fetches lists. */
async function prove(state: State, { id, head }: Accepted): Promise<void> {
  const found = await state.readReceipts();
  if (found.kind !== "found" || found.value.head !== id) return;
  const waves = head.policy.rollout?.waves ?? [];
  const lists: WaveList[] = [];
  for (const { list } of waves) lists.push(await state.fetchList(list));
  if (!isBackProven(found.value, lists, id)) return;
  state.provenFor = id;
  state.onChange();
}
