/** Wiring: what drift is compared with, and when it is left alone. */
import type { DriftSummary } from "@chimera/proto/drift";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { ShownFacts } from "@chimera/proto/drift-shown";
import type { Order } from "@chimera/proto/signed/order";
import type { AgentConfig } from "../config.ts";
import { claimSwitchLock, switchLockFile } from "../host/activation/switch-lock.ts";
import { watchDriftPause, type DriftPause } from "../host/drift/drift-pause.ts";
import { startDrift, type DriftService } from "../host/drift/drift-service.ts";
import { createEvidence, type Evidence } from "../host/drift/evidence.ts";
import { openFights } from "../host/drift/fight-file.ts";
import type { BurstMeter } from "../host/drift/watching/burst-meter.ts";
import { createForeignTeller, type ForeignTeller } from "../host/machine-drift/foreign-teller.ts";
import { createUnitManager } from "../host/machine-drift/unit-manager.ts";
import { createPathProof } from "../host/store-drift/path-proof.ts";
import type { StoreClosure } from "../host/store-drift/store-closure.ts";
import { pointerPaths } from "../host/system-pointers.ts";
import type { EtcBudget } from "../reconcile/drift/etc-budget.ts";
import { unseenParts } from "../reconcile/drift/unseen-parts.ts";
import { mergeSummaries } from "../reconcile/drift/merge-summaries.ts";
import { createIsIgnored, modeOfClass } from "../reconcile/machine-drift/drift-class.ts";
import { isSwitching } from "../reconcile/settled-toplevel.ts";
import type { Shared } from "../shared.ts";
import type { Compared } from "./compared-system.ts";
import { createPolicy, lastingIgnores } from "./drift-policy.ts";
import { openMachineDrift, restOf } from "./open-machine-drift.ts";
import { openShow, type StoreSight } from "./open-show.ts";
import { reloadAfterReverts } from "./reload-units.ts";

export interface DriftNeeds {
  config: AgentConfig;
  log: Log;
  shared: Shared;
  report: (event: NodeEventBody) => void;
  trust: () => TrustState | null;
  compared: Compared;
  /** Of this process, whose watches share the kernel's queue. */
  meter: BurstMeter;
}

/** All that is kept as the closure declares it, as one part. */
interface NodeDrift extends Pick<ForeignTeller, "noteSystem"> {
  summary(): DriftSummary;
  sweepNow(): Promise<unknown>;
  /** Some path of the store is right again. */
  noteRepaired(): void;
  stop(): Promise<unknown>;
}

/** `store`: what is known of its paths, which another part compares. */
export function openDrift(needs: DriftNeeds, store: StoreSight): NodeDrift {
  const evidence = createEvidence(needs.config.stateDir);
  const manager = createUnitManager();
  const fights = openFights(needs.config.stateDir);
  const { budget } = fights;
  const etc = openEtcDrift(
    { ...needs, report: reloadAfterReverts({ reload: () => manager.reload(), report: needs.report }) },
    { evidence, budget, store },
  );
  const machine = openMachineDrift(needs, { evidence, manager, budget });
  const foreign = openForeignTeller(needs);
  const pause = openPause(needs);
  const sweepNow = () => Promise.all([etc.sweepNow(), machine.sweepNow()]);
  const resume = (path: string) => {
    etc.resume(path);
    machine.resume(path);
  };
  const isResting = () => restOf(needs.shared) !== null;
  const sources = machine.asked;
  const show = openShow(needs, { evidence, etc, sources, isResting, store });
  needs.shared.orderDrift = (order) => orderDrift({ sweepNow, resume, show }, order);
  needs.shared.explainDrift = (path) => show({ path, evidence: null, maxBytes: 0 });
  const noteRepaired = () => {
    etc.noteRepaired();
    machine.noteRepaired();
  };
  return {
    noteSystem: sweepAtAnother(needs.compared, foreign, sweepNow),
    summary: () => summaryOf(needs, [etc, machine, foreign], pause),
    sweepNow,
    noteRepaired,
    async stop() {
      pause.stop();
      await Promise.all([etc.stop(), machine.stop()]);
      fights.stop();
    },
  };
}

/** What was said of the system before is of no use now, and the next look may be a minute away. */
function sweepAtAnother(
  compared: Compared,
  foreign: ForeignTeller,
  sweepNow: () => Promise<unknown>,
): ForeignTeller["noteSystem"] {
  let before = compared.toplevel();
  return (journal, system) => {
    foreign.noteSystem(journal, system);
    const toplevel = compared.toplevel();
    if (toplevel !== before) void sweepNow();
    before = toplevel;
  };
}

/** What nobody looks at at all comes before what one part could not see. */
function summaryOf(
  needs: DriftNeeds,
  [etc, ...others]: readonly [Summarizing, ...Summarizing[]],
  pause: DriftPause,
): DriftSummary {
  const first = etc.summary();
  const unseen = [...pause.unseen(), ...unseenNow(needs), ...(first.unseen ?? [])];
  const merged = mergeSummaries({ ...first, unseen }, ...others.map((part) => part.summary()));
  return { ...merged, sweepSeconds: needs.config.drift.sweepSeconds };
}

type Summarizing = Pick<NodeDrift, "summary">;

function openPause({ shared, report, log }: DriftNeeds): DriftPause {
  claimSwitchLock(switchLockFile);
  return watchDriftPause({
    lockFile: switchLockFile,
    isSwitching: () => isSwitching(shared.journal),
    onEvent: report,
    log: log.child({ component: "drift" }),
  });
}

function unseenNow({ config, compared }: DriftNeeds): string[] {
  return unseenParts(config.drift, { compared: compared.toplevel(), running: compared.running() });
}

interface Ordered {
  sweepNow: () => Promise<unknown>;
  resume: (path: string) => void;
  show: ReturnType<typeof openShow>;
}

function orderDrift(drift: Ordered, { action }: Order): Promise<ShownFacts> | null {
  // What changed counts from the next look on, and whoever ordered it should not wait for that.
  if (action.kind === "drift-ignore" || action.kind === "drift-unignore") void drift.sweepNow();
  if (action.kind === "drift-resume") drift.resume(action.path);
  if (action.kind === "drift-show") return drift.show(action);
  return null;
}

/** Shared with what is compared beyond /etc. */
interface SharedParts {
  evidence: Evidence;
  budget: EtcBudget;
}

interface EtcParts extends SharedParts {
  store: StoreSight;
}

function openEtcDrift(needs: DriftNeeds, { evidence, budget, store }: EtcParts): DriftService {
  const { config, log, shared, report, trust, compared, meter } = needs;
  return startDrift({
    toplevel: () => compared.toplevel(),
    mode: config.drift.mode,
    mounts: modeOfClass(config.drift, "mounts"),
    isHeld: () => shared.isDriftHeld(),
    stance: createPolicy(config.drift, trust),
    ignore: lastingIgnores(config.drift),
    isSwitching: () => isSwitching(shared.journal),
    sweepMs: config.drift.sweepSeconds * 1000,
    meter,
    proof: createPathProof({ signed: () => signedPaths(compared, store) }),
    onEvent: report,
    log: log.child({ component: "drift" }),
    stateDir: config.stateDir,
    evidence,
    budget,
  });
}

/** Of a variant that runs, its system's list names all that it needs. */
function signedPaths(compared: Compared, store: StoreSight): StoreClosure["byPath"] | null {
  const system = compared.system();
  return system === null ? null : (store.closure(system)?.byPath ?? null);
}

function openForeignTeller({ config, log, report }: DriftNeeds): ForeignTeller {
  return createForeignTeller({
    mode: modeOfClass(config.drift, "pointers"),
    isIgnored: createIsIgnored(lastingIgnores(config.drift)),
    paths: pointerPaths,
    onEvent: report,
    log: log.child({ component: "drift" }),
  });
}
