/** SHELL. What the store and the controller say of the accepted head's rollout, beside the lead's record. */
import { nowOf } from "@chimera/proto/acceptance/verdict";
import type { Log } from "@chimera/proto/log";
import type { Digest, FleetId, NodeName } from "@chimera/proto/names";
import { BackReceipts } from "@chimera/proto/rollout/back-receipts";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { WaveReceipts } from "@chimera/proto/rollout/wave-receipts";
import { subjects } from "@chimera/proto/subjects";
import type { Connection } from "../connection.ts";
import { openLeadBeats } from "../lead/lead-beats.ts";
import type { TrustKeeper } from "../trust/trust-keeper.ts";
import { createBackWatch, type BackWatchOptions } from "./back-watch.ts";
import { fetchWave } from "./fetch-wave.ts";
import type { KnownWaves } from "./known-waves.ts";
import { readStored } from "./read-stored.ts";
import { createWaveWatch, type WaveFacts } from "./wave-watch.ts";

export interface Waves {
  /** Reads what is not known yet. */
  refresh: (record: RolloutRecord | null) => void;
  facts: () => WaveFacts & {
    /** Half of the world has signed that it went back. */
    isBackProven: boolean;
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
  const { node, fleetId, controllerUrl, token, connection, keeper, value, save, onChange, log } = options;
  const beats = openLeadBeats({ connection, fleetId, me: node, nowMs });
  const accepted = () => keeper.state()?.head ?? null;
  const fetchList = (digest: Digest) => fetchWave(controllerUrl, token(), digest);
  const waves = createWaveWatch({
    value,
    save,
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
  const back = createBackWatch({
    accepted,
    isBack: options.isBack,
    utcMs: () => utcMs(keeper),
    fetchList,
    readReceipts: () => readStored(connection, subjects.waveReceiptsGet(fleetId, "back"), BackReceipts),
    onChange,
    log,
  });
  return {
    refresh(record) {
      waves.refresh(record);
      back.refresh(record);
    },
    facts: () => ({ ...waves.facts(), isBackProven: back.isProven() }),
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
