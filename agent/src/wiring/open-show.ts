/** Wiring: what somebody may ask of one path, whatever part of the machine it belongs to. */
import type { DriftItem } from "@chimera/proto/drift";
import type { ShownFacts } from "@chimera/proto/drift-shown";
import type { StorePath } from "@chimera/proto/names";
import { switchLockFile } from "../host/activation/switch-lock.ts";
import { loadExpectedEtc, type ExpectedEtc } from "../host/drift/etc-expected.ts";
import type { DriftService } from "../host/drift/drift-service.ts";
import type { Evidence } from "../host/drift/evidence.ts";
import { readMounts } from "../host/drift/mounts/read-mounts.ts";
import { createMachineSight } from "../host/drift/show/machine-sight.ts";
import { showPath, type ShowRequest } from "../host/drift/show/show-path.ts";
import { createAccountsViewer } from "../host/drift/show/view-accounts.ts";
import { createElsewhereViewer } from "../host/drift/show/view-elsewhere.ts";
import { createEtcViewer } from "../host/drift/show/view-etc.ts";
import { createKernelViewer } from "../host/drift/show/view-kernel.ts";
import { createPointersViewer } from "../host/drift/show/view-pointers.ts";
import { createStoreViewer } from "../host/drift/show/view-store.ts";
import { createLoadedViewer, createUnitsViewer } from "../host/drift/show/view-units.ts";
import { createWrappersViewer } from "../host/drift/show/view-wrappers.ts";
import { respecting } from "../host/drift/show/respecting.ts";
import type { Viewer } from "../host/drift/show/view.ts";
import { machinePlaces } from "../host/machine-drift/machine-places.ts";
import type { MachineSource } from "../host/machine-drift/machine-source.ts";
import type { StoreClosure } from "../host/store-drift/store-closure.ts";
import { bootId } from "../host/boot-clock.ts";
import { readSpecialisations } from "../host/read-specialisations.ts";
import { pointerPaths, readPointers } from "../host/system-pointers.ts";
import { createEtcScope } from "../reconcile/drift/etc-scope.ts";
import { modeOfPart, type DriftPart } from "../reconcile/drift/explain/drift-part.ts";
import {
  explainPolicy,
  type ExplainedPolicy,
  type PolicyQuestion,
} from "../reconcile/drift/explain/explain-policy.ts";
import { layoutOf } from "../reconcile/drift/mounts/etc-layout.ts";
import type { JudgedStance } from "../reconcile/drift/drift-stance.ts";
import { foreignSight, type ForeignSight } from "../reconcile/machine-drift/foreign-system.ts";
import { foldSpecialisation, specialisationsOf } from "../reconcile/foreign/specialisation.ts";
import { isSwitching } from "../reconcile/settled-toplevel.ts";
import type { Shared } from "../shared.ts";
import { createPolicy, lastingIgnores, showableBy } from "./drift-policy.ts";
import type { DriftNeeds } from "./open-drift.ts";

export interface ShowParts {
  evidence: Evidence;
  /** With what /etc is compared, and what is mounted over it. */
  etc: Pick<DriftService, "expected" | "covering">;
  sources: readonly MachineSource[];
  /** Nothing of ours moves the agent's own roots. */
  isResting: () => boolean;
  store: StoreSight;
}

export interface StoreSight {
  closure: (toplevel: StorePath) => StoreClosure | null;
  openItem: (path: string) => DriftItem | null;
}

export function openShow(needs: DriftNeeds, parts: ShowParts): (request: ShowRequest) => Promise<ShownFacts> {
  const { config } = needs;
  const options = {
    viewers: viewersOf(needs, parts),
    policyOf: policyOf(needs),
    isShowable: showableBy(config.drift),
    evidence: parts.evidence,
  };
  return (request) => showPath(options, request);
}

/** The first that knows a path answers: a folder of systemd's in /etc is one of units. */
function viewersOf(needs: DriftNeeds, parts: ShowParts): Viewer[] {
  const { config, shared, compared } = needs;
  const ignore = lastingIgnores(config.drift);
  const toplevel = () => compared.system();
  const sight = createMachineSight({
    places: machinePlaces,
    sources: parts.sources,
    toplevel: () => compared.toplevel(),
    isSwitching: () => isSwitching(shared.journal),
    switchLock: switchLockFile,
  });
  const pointers = createPointersViewer(sight, {
    paths: () => pointerPaths(),
    toplevel,
    foreign: () => foreignNow(shared),
    isResting: parts.isResting,
  });
  const machine = [
    createStoreViewer({ toplevel, ...parts.store }),
    createWrappersViewer(sight, "/nix/store/"),
    pointers,
    createKernelViewer(sight),
    createAccountsViewer(sight),
    createUnitsViewer(sight),
    createLoadedViewer(sight),
  ];
  const etc = createEtcViewer({
    etcDir: "/etc",
    expected: () => expectedEtc(needs, parts),
    covering: (expected) => parts.etc.covering(expected),
    ignore,
  });
  return [...machine.map((viewer) => respecting(ignore, viewer)), etc, createElsewhereViewer(sight)];
}

/** As the loop would judge it at this moment. */
function foreignNow({ journal }: Shared): ForeignSight | null {
  if (journal === null || journal.bootId !== bootId()) return null;
  const of = specialisationsOf(journal);
  const variants = of === null ? null : { of, names: readSpecialisations(of) };
  return foreignSight(journal, foldSpecialisation(readPointers(), variants).system, pointerPaths());
}

/** Where nothing of /etc is compared, what would be is asked of the closure. */
async function expectedEtc(
  { config, compared }: DriftNeeds,
  { etc }: ShowParts,
): Promise<ExpectedEtc | null> {
  const toplevel = compared.toplevel();
  if (config.drift.mode !== "ignore" || toplevel === null) return etc.expected();
  const scope = createEtcScope(lastingIgnores(config.drift));
  const layout = layoutOf(readMounts(), "/etc");
  const loaded = await loadExpectedEtc({ toplevel, scope, layout, previous: null });
  return loaded.kind === "done" ? loaded.value : null;
}

function policyOf(needs: DriftNeeds): (question: PolicyQuestion) => ExplainedPolicy {
  const { config, shared, trust } = needs;
  const stances = new Map<DriftPart, (path: string) => JudgedStance>();
  const stanceOf = (part: DriftPart): ((path: string) => JudgedStance) => {
    const { mode } = modeOfPart(config.drift, part);
    const stance = stances.get(part) ?? createPolicy({ ...config.drift, mode }, trust);
    stances.set(part, stance);
    return stance;
  };
  return (question) => {
    const { part, path } = question;
    const { fought, open } = shared.driftSummary();
    return explainPolicy(question, {
      settings: config.drift,
      isHeld: shared.isDriftHeld(),
      restUntil: fought?.find((one) => one.path === path)?.until ?? null,
      openWhy: open.find((one) => one.path === path)?.why ?? null,
      stance: stanceOf(part)(path),
    });
  };
}
