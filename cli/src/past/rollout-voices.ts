/** PURE. Whose word on a rollout counts: what the store keeps of its lead, else what nodes told of themselves; nobody signs either. */
import { hasReturned, mayReturn } from "@chimera/proto/effective";
import type { Digest, NodeName } from "@chimera/proto/names";
import { mayFollow, type RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Head } from "@chimera/proto/signed/head";

export interface PastRecord {
  record: RolloutRecord;
  /** When store or stream took it. */
  storedAt: string;
  /** The node that told it, as any node can; null for what the store keeps, where none but nodes that may lead can write. */
  teller: NodeName | null;
}

/**
 * What may be the whole story of this head's rollout, each by one voice. It is one where the store keeps anything of it: then
 * nodes count beside it for what it says they led. Else everybody who says that it led has a story of its own.
 */
export function voicesOn(records: readonly PastRecord[], head: Digest): PastRecord[][] {
  const own = records.filter(({ record }) => record.head === head);
  const kept = own.filter(({ teller }) => teller === null);
  const told = own.filter(({ teller, record }) => teller !== null && record.lead === teller);
  if (kept.length === 0) return [...Map.groupBy(told, ({ teller }) => teller).values()];
  const leads = new Set(kept.map(leadershipOf));
  return [[...kept, ...told.filter((one) => leads.has(leadershipOf(one)))]];
}

function leadershipOf({ record: { lead, lease } }: PastRecord): string {
  return JSON.stringify([lead, lease]);
}

/** The head that the records are about. */
export interface LedHead {
  id: Digest;
  head: Pick<Head, "revertTo" | "consentUntil">;
}

/** Ms since 1970. */
export type RecordTime = (one: PastRecord) => number;

/** What a node tells counts from when the stream took it: whatever time it writes, it changes nothing of what was before. */
export const recordTimes = {
  said: ({ record, storedAt, teller }) => Date.parse(teller === null ? record.at : storedAt),
  stored: ({ storedAt }) => Date.parse(storedAt),
} as const satisfies Record<string, RecordTime>;

/** The last that nodes would have heeded by then, with that time as its own; null where there is none. */
export function lastWord(
  voice: readonly PastRecord[],
  { head }: LedHead,
  { timeOf, untilMs }: { timeOf: RecordTime; untilMs: number },
): RolloutRecord | null {
  // That it is over says "committed" of nobody: whoever may lead can write it while a wave is under way.
  const isEnd = (record: RolloutRecord) => hasReturned(record, head, Infinity);
  const isVoid = (known: RolloutRecord | null, { phase }: RolloutRecord, ms: number) =>
    known?.phase === "committed" && phase === "returned" && !mayReturn(head, ms);
  return voice
    .map((one) => ({ record: one.record, ms: timeOf(one) }))
    .filter(({ ms }) => ms <= untilMs)
    .toSorted((a, b) => a.ms - b.ms)
    .reduce<RolloutRecord | null>(
      (known, { record, ms }) =>
        mayFollow(known, record, isEnd) && !isVoid(known, record, ms)
          ? { ...record, at: new Date(ms).toISOString() }
          : known,
      null,
    );
}

export interface RolloutWord {
  record: RolloutRecord;
  /** Empty where there is one story; else the last word of everybody who has one, this one's too. */
  disputed: { node: string; phase: RolloutRecord["phase"] }[];
}

/** How a head's rollout ended, as far as anybody says; null where nobody does. */
export function rolloutWord(records: readonly PastRecord[], head: LedHead): RolloutWord | null {
  const always = { timeOf: recordTimes.stored, untilMs: Infinity };
  const words = voicesOn(records, head.id).flatMap((voice) => lastWord(voice, head, always) ?? []);
  const [record] = words.toSorted((a, b) => b.lease - a.lease);
  if (record === undefined) return null;
  const isOne = words.every(({ phase }) => phase === record.phase);
  return {
    record,
    disputed: isOne ? [] : words.map(({ lead, phase }) => ({ node: lead ?? "?", phase })),
  };
}
