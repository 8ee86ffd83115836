/**
 * SHELL. Whether everybody of the newest head's waves has signed that it has committed: then no record takes that back, here as on the
 * nodes. Read once for each head, and only where a record says so.
 */
import type { StoredHead } from "@chimera/proto/api";
import type { Digest, FleetId } from "@chimera/proto/names";
import { CommitReceipts, isCommitProven, isProvable } from "@chimera/proto/rollout/commit-receipts";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import { subjects } from "@chimera/proto/subjects";
import { openWaveStore, type WaveStore } from "../cache/wave-store.ts";
import type { Bucket } from "./bucket.ts";
import { readJson } from "./read-envelope.ts";

export interface EndProof {
  isProven: (head: Digest) => boolean;
  /** True where that head was found proven just now. */
  learn: (head: StoredHead | undefined, records: readonly RolloutRecord[]) => Promise<boolean>;
}

export interface EndProofOptions {
  bucket: Bucket;
  fleetId: FleetId;
  cacheDir: string;
}

export function openEndProof({ bucket, fleetId, cacheDir }: EndProofOptions): EndProof {
  const waveStore = openWaveStore(cacheDir);
  const subject = subjects.waveReceipts(fleetId, "end");
  let proven: Digest | null = null;
  /** What was read last proves nothing, however often it is read. */
  let seen = "";
  return {
    isProven: (head) => head === proven,
    async learn(head, records) {
      if (head === undefined || head.id === proven || !isDue(head, records)) return false;
      const message = (await bucket.history([subject])).at(-1);
      if (message === undefined || seen === `${head.id} ${message.seq}`) return false;
      const gathered = readJson(message, CommitReceipts);
      const lists = await listsOf(head, waveStore);
      if (lists === null) return false;
      seen = `${head.id} ${message.seq}`;
      if (gathered === undefined || !isCommitProven(gathered, lists, head.id)) return false;
      proven = head.id;
      return true;
    },
  };
}

function isDue({ id, head }: StoredHead, records: readonly RolloutRecord[]): boolean {
  const waves = head.policy.rollout?.waves ?? [];
  const size = waves.reduce((sum, wave) => sum + wave.size, 0);
  return size > 0 && isProvable(size) && records.some((one) => one.head === id && one.phase === "committed");
}

/** Null where one of them is not here. */
async function listsOf({ head }: StoredHead, waveStore: Pick<WaveStore, "get">): Promise<WaveList[] | null> {
  const lists = await Promise.all((head.policy.rollout?.waves ?? []).map(({ list }) => waveStore.get(list)));
  const found = lists.flatMap((list) => list ?? []);
  return found.length === lists.length ? found : null;
}
