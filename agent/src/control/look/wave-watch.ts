/**
 * SHELL. The waves of the accepted head: their lists from the controller, once per head, and the receipts of the wave before
 * from the store. Nothing waits for it: a panic least of all.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { Digest, NodeName } from "@chimera/proto/names";
import { receiptsOf, type RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import { provenNodes, type WaveReceipts } from "@chimera/proto/rollout/wave-receipts";
import { placeIn, type KnownWaves } from "./known-waves.ts";
import type { Found } from "./read-stored.ts";

export interface WaveFacts {
  place: { wave: number; position: number } | null;
  isProven: boolean;
  isLeadQuiet: boolean;
}

/** Four leases: by then a lead that lives was heard, or another one has taken over. */
const quietMs = 60_000;

export interface WaveWatch {
  /** Reads what is not known yet, one at a time. */
  refresh: (record: RolloutRecord | null) => void;
  facts: () => WaveFacts;
}

export interface WaveWatchOptions {
  node: NodeName;
  /** The accepted head; null without one. */
  accepted: () => Accepted | null;
  /** Of an earlier run. */
  value: KnownWaves | null;
  save: (waves: KnownWaves) => void;
  /** Throws ChimeraError where the controller has none that fits its digest. */
  fetchList: (digest: Digest) => Promise<WaveList>;
  readReceipts: (wave: number) => Promise<Found<WaveReceipts>>;
  /** When a lead of that head was heard, on the same clock as `nowMs`. */
  leadHeardMs: (head: Digest) => number;
  nowMs: () => number;
  onChange: () => void;
  log: Log;
}

interface Accepted {
  id: Digest;
  policy: RolloutPolicy | undefined;
}

interface Wanted {
  head: Digest;
  policy: RolloutPolicy;
}

interface State extends WaveWatchOptions {
  known: KnownWaves | null;
  provenFor: Digest | null;
  isReading: boolean;
  /** Since then it could have heard one. */
  begunMs: number;
}

export function createWaveWatch(options: WaveWatchOptions): WaveWatch {
  const begun = { provenFor: null, isReading: false, begunMs: options.nowMs() };
  const state: State = { ...options, ...begun, known: options.value };
  return {
    refresh(record) {
      const wanted = wantedOf(state.accepted());
      if (wanted === null || state.isReading) return;
      state.isReading = true;
      void read(state, wanted, record)
        .catch((error: unknown) => {
          if (!(error instanceof ChimeraError)) throw error;
          state.log.debug({ reason: errorChain(error) }, "the waves could not be read");
        })
        .finally(() => (state.isReading = false));
    },
    facts() {
      const { known, provenFor, accepted } = state;
      const head = accepted()?.id;
      const isLeadQuiet = head !== undefined && isQuiet(state, head);
      if (known === null || known.head !== head) return { place: null, isProven: false, isLeadQuiet };
      return { place: known, isProven: provenFor === head, isLeadQuiet };
    },
  };
}

function isQuiet({ begunMs, nowMs, leadHeardMs }: State, head: Digest): boolean {
  return nowMs() - Math.max(begunMs, leadHeardMs(head)) >= quietMs;
}

async function read(state: State, wanted: Wanted, record: RolloutRecord | null): Promise<void> {
  const known = state.known?.head === wanted.head ? state.known : await learn(state, wanted);
  if (isPast(record, known.wave - 1)) await prove(state, wanted, known);
}

async function learn(state: State, wanted: Wanted): Promise<KnownWaves> {
  const found = await findPlace(wanted, state);
  state.save(found);
  state.known = found;
  state.onChange();
  return found;
}

async function prove(state: State, { head, policy }: Wanted, { wave, before }: KnownWaves): Promise<void> {
  if (before === null || state.provenFor === head) return;
  const found = await state.readReceipts(wave - 1);
  if (found.kind !== "found") return;
  const proven = provenNodes(found.value, before, head);
  if (proven.size < receiptsOf(policy, before.nodes.length)) return;
  state.provenFor = head;
  state.onChange();
}

function wantedOf(accepted: Accepted | null): Wanted | null {
  return accepted?.policy === undefined ? null : { head: accepted.id, policy: accepted.policy };
}

/** Whether the lead has gone beyond a wave: not before that are there receipts of it. */
function isPast(record: RolloutRecord | null, wave: number): boolean {
  return record?.phase === "committed" || (record?.released?.wave ?? 0) > wave;
}

/** In their order: the canaries' lists are short. Throws leaf-unproven where no wave names this node. */
async function findPlace(
  { head, policy }: Wanted,
  { node, fetchList }: WaveWatchOptions,
): Promise<KnownWaves> {
  let before: WaveList | null = null;
  for (const [wave, { list: digest }] of policy.waves.entries()) {
    const list = await fetchList(digest);
    const position = placeIn(list, node);
    if (position !== null) return { v: 1, head, wave, position, before };
    before = list;
  }
  throw new ChimeraError("leaf-unproven", `no wave of head ${head} names ${node}`);
}
