/**
 * SHELL. A lead's store that shows each record: what was written, and what is found there. A step that was written just before a
 * crash, or whose answer was lost, is found by the next look.
 */
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { LeadStore } from "./lead-store.ts";

/** `onRecord` gets the same record with each look. */
export function tellingStore(store: LeadStore, onRecord: (record: RolloutRecord) => void): LeadStore {
  return {
    ...store,
    async read() {
      const stored = await store.read();
      if (stored.record !== null) onRecord(stored.record);
      return stored;
    },
    async write(record, revision) {
      const written = await store.write(record, revision);
      if (written !== "moved") onRecord(record);
      return written;
    },
  };
}
