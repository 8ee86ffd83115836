/**
 * SHELL. One lead of one head: takes the lease or follows who has it, decides once a second, lays receipts ready before it lets a
 * wave go, and writes the record by compare-and-set. It holds nothing that another lead could not read.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Digest, NodeName } from "@chimera/proto/names";
import { receiptsOf, type RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Head } from "@chimera/proto/signed/head";
import { decideRollout } from "../../rollout/decide.ts";
import { judgeLease, leadBeatMs } from "../../rollout/lease.ts";
import type { FleetEar } from "./fleet-ear.ts";
import type { LeadStore } from "./lead-store.ts";

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
  /** Of the lead of this head, other than us. */
  lastHeardMs: () => number;
  beat: (lease: number) => void;
  /** Whether the head is still the newest. */
  isCurrent: () => boolean;
  /** A line for people, when it is another than before. */
  say: (line: string) => void;
  nowMs: () => number;
  at: () => string;
}

interface State {
  revision: number;
  movedMs: number;
  mine: number | null;
  phase: string;
  sinceMs: number;
  beatenMs: number;
}

const everyMs = 1_000;

/** Resolves with the phase in which it ended, or "superseded". */
export async function lead(parts: LeadParts): Promise<string> {
  const nowMs = parts.nowMs();
  const state: State = { revision: -1, movedMs: nowMs, mine: null, phase: "", sinceMs: nowMs, beatenMs: 0 };
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

async function look(state: State, parts: LeadParts): Promise<string | null> {
  const { store, head, me, nowMs } = parts;
  const { record, revision } = await store.read();
  if (revision !== state.revision) [state.revision, state.movedMs] = [revision, nowMs()];
  if (record?.head === head.id && (record.phase === "committed" || record.phase === "returned")) {
    parts.say(`${record.phase}: ${record.reason}`);
    return record.phase;
  }
  const heardMs = Math.max(state.movedMs, parts.lastHeardMs());
  const sight = { record, heardMs, nowMs: nowMs(), head: head.id, me, mine: state.mine };
  const verdict = judgeLease(sight, parts.at());
  switch (verdict.kind) {
    case "follow":
      state.mine = null;
      parts.say(`${verdict.lead} leads`);
      return null;
    case "take":
      await take(state, parts, verdict.record);
      return null;
    case "lead":
      await drive(state, parts, verdict.record);
      return null;
  }
}

async function take(state: State, parts: LeadParts, record: RolloutRecord): Promise<void> {
  const written = await parts.store.write(record, state.revision);
  if (written === "moved") return;
  state.mine = record.lease;
  parts.say(`${parts.me} takes lease ${record.lease}`);
  parts.beat(record.lease);
  state.beatenMs = parts.nowMs();
  await parts.ear.readAll();
}

async function drive(state: State, parts: LeadParts, record: RolloutRecord): Promise<void> {
  const { nowMs, ear, head, policy, waves } = parts;
  if (nowMs() - state.beatenMs >= leadBeatMs) {
    parts.beat(record.lease);
    state.beatenMs = nowMs();
  }
  if (record.phase !== state.phase) [state.phase, state.sinceMs] = [record.phase, nowMs()];
  const step = decideRollout({
    nowMs: nowMs(),
    sinceMs: state.sinceMs,
    at: parts.at(),
    mayReturn: parts.mayReturn(),
    head,
    policy,
    waves,
    record,
    nodes: ear.sights(head.id),
    ask: null,
  });
  if (step.gate !== null && !(await layReceipts(parts, step.gate))) {
    parts.say(`wave ${step.gate + 1}: its receipts are gathered`);
    return;
  }
  if (step.record !== null) await parts.store.write(step.record, state.revision);
  parts.say(step.record === null ? step.waiting : `${step.record.phase}: ${step.record.reason}`);
}

/** False while there are fewer than a node of the next wave asks for. */
async function layReceipts({ ear, head, policy, waves, store }: LeadParts, wave: number): Promise<boolean> {
  const nodes = waves[wave] ?? [];
  const needed = receiptsOf(policy, nodes.length);
  const receipts = ear.receiptsOf(nodes, head.id).slice(0, needed);
  if (receipts.length < needed) return false;
  await store.layReceipts({ v: 1, head: head.id, wave, receipts });
  return true;
}
