/** Wiring: what is compared beyond /etc, and with what. */
import { switchLockFile } from "../host/activation/switch-lock.ts";
import type { Evidence } from "../host/drift/evidence.ts";
import { createAccountsSource } from "../host/machine-drift/accounts-source.ts";
import { createKernelSource } from "../host/machine-drift/kernel-source.ts";
import { createLinksSource } from "../host/machine-drift/links-source.ts";
import { machinePlaces } from "../host/machine-drift/machine-places.ts";
import { startMachineDrift, type MachineDrift } from "../host/machine-drift/machine-service.ts";
import type { MachineSource } from "../host/machine-drift/machine-source.ts";
import { createManagerHooksSource } from "../host/machine-drift/manager-hooks-source.ts";
import { askCapabilities, type UnitManager } from "../host/machine-drift/unit-manager.ts";
import { createLoadedUnitsSource } from "../host/machine-drift/loaded-units-source.ts";
import { createOverridesSource } from "../host/machine-drift/overrides-source.ts";
import { createWrappersSource } from "../host/machine-drift/wrappers-source.ts";
import type { DriftMode } from "../reconcile/drift/drift.ts";
import type { EtcBudget } from "../reconcile/drift/etc-budget.ts";
import { createIsIgnored, modesOfClasses } from "../reconcile/machine-drift/drift-class.ts";
import { isSwitching } from "../reconcile/settled-toplevel.ts";
import type { Shared } from "../shared.ts";
import { createPolicy, lastingIgnores } from "./drift-policy.ts";
import type { DriftNeeds } from "./open-drift.ts";

const store = "/nix/store/";

/** Shared with what keeps /etc. */
interface SharedParts {
  evidence: Evidence;
  manager: UnitManager;
  budget: EtcBudget;
}

interface NodeMachineDrift extends MachineDrift {
  /** The same comparisons for whoever only asks: they change nothing. */
  asked: readonly MachineSource[];
}

export function openMachineDrift(needs: DriftNeeds, parts: SharedParts): NodeMachineDrift {
  const { config, log, shared, report, trust, compared, meter } = needs;
  const modes = modesOfClasses(config.drift);
  const policy = (mode: DriftMode) => createPolicy({ ...config.drift, mode }, trust);
  const { kept, asked } = sourcesOf(needs, parts);
  const drift = startMachineDrift({
    sources: kept,
    toplevel: () => compared.toplevel(),
    modes,
    isHeld: () => shared.isDriftHeld(),
    stances: {
      pointers: policy(modes.pointers),
      units: policy(modes.units),
      wrappers: policy(modes.wrappers),
      kernel: policy(modes.kernel),
      accounts: policy(modes.accounts),
    },
    budget: parts.budget,
    isIgnored: createIsIgnored(lastingIgnores(config.drift)),
    isSwitching: () => isSwitching(shared.journal),
    onForeign: () => shared.wake(),
    currentSystem: `${machinePlaces.run}/current-system`,
    switchLock: switchLockFile,
    sweepMs: config.drift.sweepSeconds * 1000,
    meter,
    onEvent: report,
    log: log.child({ component: "machine-drift" }),
  });
  const noteRepaired = () => {
    for (const source of asked) source.forget?.();
    drift.noteRepaired();
  };
  return { ...drift, asked, noteRepaired };
}

/** What they remember is shared, but for the one that tidies up where it looks. */
function sourcesOf(
  { config, shared }: DriftNeeds,
  { evidence, manager }: SharedParts,
): Record<"kept" | "asked", MachineSource[]> {
  const places = machinePlaces;
  const { units } = modesOfClasses(config.drift);
  const overrides = (puts: () => boolean) => createOverridesSource({ places, evidence, manager, puts });
  const links = createLinksSource({ places, evidence, rest: () => restOf(shared) });
  const others = [
    createLoadedUnitsSource({ places, manager }),
    createManagerHooksSource(places),
    createWrappersSource({ places, store, evidence, manager, capabilitiesOf: askCapabilities }),
    createKernelSource(places),
    createAccountsSource(places),
  ];
  const puts = () => units === "revert" && !shared.isDriftHeld();
  return { kept: [links, overrides(puts), ...others], asked: [links, overrides(() => false), ...others] };
}

/** Committed, and nothing of a newer order begun: then nobody of ours moves a root. */
export function restOf({ journal }: Shared): string | null {
  return journal?.step === "committed" ? `${journal.order.id} ${journal.toplevel} ${journal.since}` : null;
}
