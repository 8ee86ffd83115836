/** Wiring: what drift is compared with, and when it is left alone. */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { AgentConfig } from "../config.ts";
import { startDrift, type DriftService } from "../host/drift/drift-service.ts";
import { isSwitching, settledToplevel } from "../reconcile/settled-toplevel.ts";
import type { Shared } from "../shared.ts";

export interface DriftNeeds {
  config: AgentConfig;
  log: Log;
  shared: Shared;
  report: (event: NodeEventBody) => void;
}

export function openDrift({ config, log, shared, report }: DriftNeeds): DriftService {
  return startDrift({
    toplevel: () => settledToplevel(shared.journal),
    mode: config.drift.mode,
    isHeld: () => shared.isDriftHeld(),
    ignore: config.drift.ignore,
    isSwitching: () => isSwitching(shared.journal),
    sweepMs: config.drift.sweepSeconds * 1000,
    onEvent: report,
    log: log.child({ component: "drift" }),
    stateDir: config.stateDir,
  });
}
