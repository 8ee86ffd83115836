/** SHELL. What the store and the controller say of the accepted head's rollout, beside the lead's record. */
import { nowOf } from "@chimera/proto/acceptance/verdict";
import type { Log } from "@chimera/proto/log";
import type { Digest, FleetId, NodeName } from "@chimera/proto/names";
import { BackReceipts } from "@chimera/proto/rollout/back-receipts";
import { CommitReceipts } from "@chimera/proto/rollout/commit-receipts";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { WaveReceipts } from "@chimera/proto/rollout/wave-receipts";
import { subjects } from "@chimera/proto/subjects";
import type { Connection } from "../connection.ts";
import { openLeadBeats } from "../lead/lead-beats.ts";
import type { TrustKeeper } from "../trust/trust-keeper.ts";
import { createBackWatch, type BackWatchOptions } from "./back-watch.ts";
import { createCommitWatch } from "./commit-watch.ts";
import { fetchWave } from "./fetch-wave.ts";
import type { KnownWaves } from "./known-waves.ts";
import { readStored } from "./read-stored.ts";
import { hasCommitted } from "./rollout-watch.ts";
import type { ProofWatch } from "./proof-watch.ts";
import { createWaveWatch, type WaveFacts } from "./wave-watch.ts";

export interface Waves {
  /** Reads what is not known yet. */
  refresh: (record: RolloutRecord | null) => void;
  facts: () => WaveFacts & {
    /** Half of the world has signed that it went back. */
    isBackProven: boolean;
    /** Everybody has signed that it has committed. */
    isEndProven: boolean;
  };
}

export interface WavesOptions {
  node: NodeName;
  fleetId: FleetId;
  controllerUrl: string;
  token: () => string;
  connection: Connection;
  keeper: Pick<TrustKeeper, "state">;
  /** Of an earlier run. */
  value: KnownWaves | null;
  save: (waves: KnownWaves) => void;
  isBack: BackWatchOptions["isBack"];
  onChange: () => void;
  log: Log;
}

export function openWaves(options: WavesOptions): Waves {
  const { node, fleetId, controllerUrl, token, connection, keeper, onChange, log } = options;
  const beats = openLeadBeats({ connection, fleetId, me: node, nowMs });
  const accepted = () => keeper.state()?.head ?? null;
  const fetchList = (digest: Digest) => fetchWave(controllerUrl, token(), digest);
  const kept = keptWaves(options);
  const waves = createWaveWatch({
    value: options.value,
    save: kept.save,
    node,
    accepted() {
      const head = accepted();
      return head === null ? null : { id: head.id, policy: head.head.policy.rollout };
    },
    fetchList,
    readReceipts: (wave) => readStored(connection, subjects.waveReceiptsGet(fleetId, wave), WaveReceipts),
    leadHeardMs: beats.lastHeardMs,
    nowMs,
    onChange,
    log,
  });
  const ends = openEnds(options, { accepted, fetchList, log }, kept);
  return {
    refresh(record) {
      waves.refresh(record);
      for (const end of Object.values(ends)) end.refresh(record);
    },
    facts: () => ({
      ...waves.facts(),
      isBackProven: ends.back.isProven(),
      isEndProven: ends.commit.isProven(),
    }),
  };
}

/** What proves each of the two ends that a rollout can have. */
function openEnds(
  { fleetId, connection, keeper, isBack, onChange }: WavesOptions,
  parts: Pick<BackWatchOptions, "accepted" | "fetchList" | "log">,
  kept: KeptWaves,
): { back: ProofWatch; commit: ProofWatch } {
  const back = createBackWatch({
    ...parts,
    isBack,
    utcMs: () => utcMs(keeper),
    readReceipts: () => readStored(connection, subjects.waveReceiptsGet(fleetId, "back"), BackReceipts),
    onProven: onChange,
  });
  const commit = createCommitWatch({
    ...parts,
    value: kept.provenEnd(),
    hasCommitted: ({ id }) => hasCommitted(keeper.state(), id),
    readReceipts: () => readStored(connection, subjects.waveReceiptsGet(fleetId, "end"), CommitReceipts),
    onProven(head) {
      kept.noteEnd(head);
      onChange();
    },
  });
  return { back, commit };
}

interface KeptWaves {
  save: (waves: KnownWaves) => void;
  /** Head whose end an earlier run has seen proven; null without. */
  provenEnd: () => Digest | null;
  noteEnd: (head: Digest) => void;
}

/** Over a restart what was proven still is. */
function keptWaves({ value, save }: Pick<WavesOptions, "value" | "save">): KeptWaves {
  let newest = value;
  const keep = (waves: KnownWaves) => {
    newest = waves;
    save(waves);
  };
  return {
    save: keep,
    provenEnd: () => (newest?.isEndProven === true ? newest.head : null),
    noteEnd(head) {
      if (newest?.head === head) keep({ ...newest, isEndProven: true });
    },
  };
}

function utcMs(keeper: WavesOptions["keeper"]): number {
  const state = keeper.state();
  return state === null ? Date.now() : nowOf({ state, judge: { nowMs: Date.now() } });
}

/** Any clock that does not step. */
function nowMs(): number {
  return performance.now();
}
