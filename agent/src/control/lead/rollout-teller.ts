/** SHELL. Events of a lead that is no node: it tells its own rollouts, under its own name, and nothing else. */
import type { Log } from "@chimera/proto/log";
import type { FleetId, NodeName } from "@chimera/proto/names";
import { stepOf, type RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Connection } from "../connection.ts";
import { openEventOutbox, reportEvent } from "../events.ts";
import { tellOwnRollouts } from "../rollout-event.ts";
import { every } from "../telemetry.ts";

export interface RolloutTeller {
  /** Each step of its own once; after a restart the newest one again, which whoever reads events knows by its content. */
  tell: (record: RolloutRecord) => void;
  /** What waits, when NATS is there again. */
  flush: () => void;
  close: () => void;
}

export interface TellerOptions {
  connection: Connection;
  node: NodeName;
  fleetId: FleetId;
  /** What was not told yet. */
  file: string;
  log: Log;
}

const flushMs = 5_000;

export function openRolloutTeller(options: TellerOptions): RolloutTeller {
  const outbox = openEventOutbox(options);
  const flush = () => void outbox.flush();
  const stop = every(flushMs, 0.2, flush);
  const tellOwn = tellOwnRollouts(options.node, (event) => reportEvent(options, outbox, event));
  let newest: string | null = null;
  return {
    tell(record) {
      const step = stepOf(record);
      if (step === newest) return;
      newest = step;
      tellOwn(record);
    },
    flush,
    close() {
      stop();
      outbox.close();
    },
  };
}
