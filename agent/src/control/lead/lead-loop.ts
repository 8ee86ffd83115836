/**
 * SHELL. One lead of one head: takes the lease or follows who has it, decides once a second, lays receipts ready before it lets a
 * wave go, and writes the record by compare-and-set. It holds nothing that another lead could not read.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Digest, NodeName } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import { decideRollout } from "../../rollout/decide.ts";
import type { EndedRollout } from "../../rollout/ended-rollout.ts";
import type { Ask } from "../../rollout/lead-sight.ts";
import { judgeLease, leadBeatMs, readingMs, type LeaseSight } from "../../rollout/lease.ts";
import { letsMoreGo } from "../../rollout/outcomes.ts";
import type { FleetEar } from "./fleet-ear.ts";
import { layEnd, layMissing, layReceipts } from "./lay-receipts.ts";
import { endOf, toldRecord } from "./lead-end.ts";
import { claimOf, leaseSight, noteLost, sightOf, type LeadState } from "./lead-state.ts";
import type { LeadStore, StoredRecord } from "./lead-store.ts";

export interface LeadParts {
  /** This program's name as a lead. */
  me: string;
  head: { id: Digest; head: Head };
  policy: RolloutPolicy;
  waves: readonly (readonly NodeName[])[];
  store: LeadStore;
  ear: FleetEar;
  /** Whether the head still consents to go back. */
  mayReturn: () => boolean;
  /** Throws ChimeraError for one that does not count. */
  openAsk: (envelope: Envelope) => Ask;
  /** Of a lead of that head, other than us. */
  lastHeardMs: (head: Digest) => number;
  beat: () => void;
  /** The newest record of this head that this node knows. */
  known: RolloutRecord | null;
  /** How this rollout ended, as this machine's own lead has seen borne out; null where it has not. */
  ended: EndedRollout["phase"] | null;
  /** Whether the head is still the newest. */
  isCurrent: () => boolean;
  /** Whether nothing is to be led any more: everybody has it, or went back with the head's consent. */
  isOver: (record: RolloutRecord) => boolean;
  /** A line for people, when it is another than before. */
  say: (line: string) => void;
  nowMs: () => number;
  at: () => string;
}

const everyMs = 1_000;
/** A loop that stood still for so long, with its machine or without NATS, has not heard anybody meanwhile. */
const gapMs = 8_000;

/** Resolves with the phase in which it ended, or "superseded". */
export async function lead(parts: LeadParts): Promise<string> {
  const nowMs = parts.nowMs();
  const begun = {
    known: parts.known,
    lookedMs: nowMs,
    mine: null,
    phase: "",
    beatenMs: Number.NEGATIVE_INFINITY,
    lostMs: null,
    lost: 0,
    written: { revision: -1, by: "lease" as const },
  };
  const times = { movedMs: nowMs, sinceMs: nowMs, releasedMs: nowMs, takenMs: nowMs };
  const state: LeadState = { ...begun, ...times, revision: -1, laid: new Set() };
  parts.ear.readAll();
  while (parts.isCurrent()) {
    const ended = await look(state, parts).catch((error: unknown) => {
      if (!(error instanceof ChimeraError)) throw error;
      parts.say(`waits for NATS: ${errorChain(error)}`);
      return null;
    });
    if (ended !== null) return ended;
    await delay(everyMs);
  }
  return "superseded";
}

async function look(state: LeadState, parts: LeadParts): Promise<string | null> {
  const record = withoutForgedReturn(state, parts, note(state, parts, await parts.store.read()));
  const isLost = record?.head !== parts.head.id;
  const end = isLost ? null : await endOf(state.laid, parts, claimOf(state, parts, record));
  if (end !== null) return end.phase;
  if (isLost) {
    const known = state.known ?? toldRecord(parts);
    if (known === "unread") return null;
    state.known = known;
  }
  const stored = await storedHead(parts, record);
  const verdict = judgeLease({ ...leaseSight(state, parts, record), stored }, parts.at());
  switch (verdict.kind) {
    case "follow":
      state.mine = null;
      parts.say(`${verdict.lead} leads`);
      return null;
    case "take":
      await take(state, parts, { record: verdict.record, isLost });
      return null;
    case "lead":
      await drive(state, parts, verdict.record);
      return null;
  }
}

/** This machine has seen that everybody had committed: who writes later that it was taken back moves nobody, and it is put right. */
function withoutForgedReturn(
  state: LeadState,
  { head, ear, ended }: LeadParts,
  record: RolloutRecord | null,
): RolloutRecord | null {
  if (ended !== "committed" || record?.head !== head.id || record.phase !== "returned") return record;
  if (!ear.isRead() || ear.isGoingBack(head.id)) return record;
  const reason = "everybody had committed; somebody wrote later that it was taken back";
  state.known = { ...record, phase: "committed", reason };
  return null;
}

/** What this look tells by itself; the record that is heeded: null also where the store has only an older one than was seen. */
function note(
  state: LeadState,
  { head, nowMs, ear }: LeadParts,
  { record, revision }: StoredRecord,
): RolloutRecord | null {
  if (nowMs() - state.lookedMs > gapMs) ear.wasDeaf();
  state.lookedMs = nowMs();
  if (revision !== state.revision) [state.revision, state.movedMs] = [revision, nowMs()];
  if (record?.head !== head.id) return record;
  if (record.lease < (state.known?.lease ?? 0)) return null;
  if (letsMoreGo(state.known, record)) state.releasedMs = nowMs();
  state.known = record;
  return record;
}

/** Asked only where a record of another head stands in the way. */
async function storedHead(
  { store, head }: LeadParts,
  record: RolloutRecord | null,
): Promise<LeaseSight["stored"]> {
  if (record === null || record.head === head.id) return "unknown";
  const id = await store.readHeadId();
  if (id === null) return "unknown";
  return id === record.head ? "this" : "another";
}

async function take(
  state: LeadState,
  parts: LeadParts,
  { record, isLost }: { record: RolloutRecord; isLost: boolean },
): Promise<void> {
  const written = await parts.store.write(record, state.revision);
  if (written === "moved") return;
  state.written = { revision: written, by: isLost ? "put-back" : "lease" };
  state.mine = record.lease;
  // Where the store lost its data, they went with the record.
  state.laid.clear();
  state.takenMs = state.releasedMs = parts.nowMs();
  parts.say(`${parts.me} takes lease ${record.lease}`);
  parts.ear.readAll();
}

async function drive(state: LeadState, parts: LeadParts, record: RolloutRecord): Promise<void> {
  const { nowMs, ear } = parts;
  if (!ear.isRead()) {
    ear.readAll();
    parts.say("reads what every node said last");
    if (nowMs() - state.takenMs <= readingMs) beat(state, parts);
    return;
  }
  if (record.phase !== state.phase) [state.phase, state.sinceMs] = [record.phase, nowMs()];
  const step = decideRollout(sightOf(state, parts, { record, ask: await readAsk(parts) }));
  noteLost(state, step.lost, nowMs());
  await layMissing(state.laid, parts, record);
  if (step.gate !== null && !(await layReceipts(state.laid, parts, step.gate))) {
    parts.say(`wave ${step.gate + 1}: its receipts are gathered`);
    return;
  }
  if (step.record !== null && !(await put(state, parts, step.record))) return;
  parts.say(step.record === null ? step.waiting : `${step.record.phase}: ${step.record.reason}`);
  beat(state, parts);
}

/** False where somebody else has written since. What proves an end lies there before it. */
async function put(state: LeadState, parts: LeadParts, record: RolloutRecord): Promise<boolean> {
  if (record.phase === "committed") await layEnd(parts);
  const written = await parts.store.write(record, state.revision);
  if (written === "moved") return false;
  state.written = { revision: written, by: "own" };
  return true;
}

/** Only who could do what it decided is heard: one whose writes fail gives way to another after a while. */
function beat(state: LeadState, { nowMs, beat: say }: LeadParts): void {
  if (nowMs() - state.beatenMs < leadBeatMs) return;
  say();
  state.beatenMs = nowMs();
}

/** Null where nobody asks, and where it was not signed for this rollout. */
async function readAsk({ store, openAsk }: LeadParts): Promise<Ask | null> {
  const envelope = await store.readAsk();
  if (envelope === null) return null;
  try {
    return openAsk(envelope);
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
