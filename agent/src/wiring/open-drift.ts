/** Wiring: what drift is compared with, and when it is left alone. */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { ShownFacts } from "@chimera/proto/drift-shown";
import type { Order } from "@chimera/proto/signed/order";
import type { AgentConfig } from "../config.ts";
import { startDrift, type DriftService } from "../host/drift/drift-service.ts";
import { isSwitching, settledToplevel } from "../reconcile/settled-toplevel.ts";
import type { Shared } from "../shared.ts";
import { createPolicy, lastingIgnores } from "./drift-policy.ts";

export interface DriftNeeds {
  config: AgentConfig;
  log: Log;
  shared: Shared;
  report: (event: NodeEventBody) => void;
  trust: () => TrustState | null;
}

export function openDrift({ config, log, shared, report, trust }: DriftNeeds): DriftService {
  const drift = startDrift({
    toplevel: () => settledToplevel(shared.journal),
    mode: config.drift.mode,
    isHeld: () => shared.isDriftHeld(),
    stance: createPolicy(config.drift, trust),
    ignore: lastingIgnores(config.drift),
    isSwitching: () => isSwitching(shared.journal),
    sweepMs: config.drift.sweepSeconds * 1000,
    onEvent: report,
    log: log.child({ component: "drift" }),
    stateDir: config.stateDir,
  });
  shared.orderDrift = (order) => orderDrift(drift, order);
  return drift;
}

function orderDrift(drift: DriftService, { action }: Order): Promise<ShownFacts> | null {
  // What changed counts from the next look on, and whoever ordered it should not wait for that.
  if (action.kind === "drift-ignore" || action.kind === "drift-unignore") void drift.sweepNow();
  if (action.kind === "drift-resume") drift.resume(action.path);
  return null;
}
