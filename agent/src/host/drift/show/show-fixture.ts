/** For tests: what a signed order sees of a machine that lies in a folder; with the comparisons that the agent has. */
import { ShownFacts } from "@chimera/proto/drift-shown";
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { explainPolicy, type PolicySight } from "../../../reconcile/drift/explain/explain-policy.ts";
import type { ForeignSight, PointerPaths } from "../../../reconcile/machine-drift/foreign-system.ts";
import { createAccountsSource } from "../../machine-drift/accounts-source.ts";
import { createKernelSource } from "../../machine-drift/kernel-source.ts";
import { createLinksSource } from "../../machine-drift/links-source.ts";
import { createLoadedUnitsSource } from "../../machine-drift/loaded-units-source.ts";
import { useMachineFixture, type MachineFixture } from "../../machine-drift/machine-fixture.ts";
import type { MachineSource } from "../../machine-drift/machine-source.ts";
import { createOverridesSource } from "../../machine-drift/overrides-source.ts";
import { createWrappersSource } from "../../machine-drift/wrappers-source.ts";
import { createEvidence, type Evidence } from "../evidence.ts";
import { createAuditSearch } from "../evidence/find-audited.ts";
import { evidenceLimits } from "../evidence/evidence-store.ts";
import { createMachineSight, type MachineSight } from "./machine-sight.ts";
import { respecting } from "./respecting.ts";
import { showPath, type ShowRequest } from "./show-path.ts";
import { createAccountsViewer } from "./view-accounts.ts";
import { createElsewhereViewer } from "./view-elsewhere.ts";
import { createKernelViewer } from "./view-kernel.ts";
import { createPointersViewer } from "./view-pointers.ts";
import { createLoadedViewer, createUnitsViewer } from "./view-units.ts";
import { createWrappersViewer } from "./view-wrappers.ts";

/** What a test changes before it asks. */
interface ShowSettings {
  policy: PolicySight;
  ignore: { glob: string; reason: string }[];
  showable: string[];
  isSwitching: boolean;
  isResting: boolean;
  foreign: ForeignSight | null;
}

export interface ShowFixture {
  machine: MachineFixture;
  settings: ShowSettings;
  evidence: Evidence;
  pointers: PointerPaths;
  /** Absolute. */
  at: (path: string) => string;
  show: (path: string, request?: Partial<ShowRequest>) => Promise<ShownFacts>;
  explain: (path: string) => Promise<ShownFacts>;
}

const defaults: PolicySight = {
  settings: { mode: "revert", classes: {}, store: { mode: "report" } },
  isHeld: false,
  restUntil: null,
  openWhy: null,
  stance: { kind: "revert", by: "mode" },
};

/** A fixture of its own for each test of the file. */
export function useShowFixture(): () => ShowFixture {
  const machine = useMachineFixture();
  let current: ShowFixture | null = null;
  let logs = "";
  beforeEach(() => {
    // Everybody may go through /run; a test's own folder is closed.
    chmodSync(machine().root, 0o755);
    logs = realpathSync(mkdtempSync(join(tmpdir(), "chimera-show-")));
    current = openFixture(machine(), logs);
  });
  afterEach(() => rmSync(logs, { recursive: true }));
  return () => {
    if (current === null) throw new Error("the fixture is there while a test runs");
    return current;
  };
}

function openFixture(machine: MachineFixture, logs: string): ShowFixture {
  const { root, places } = machine;
  const settings: ShowSettings = {
    policy: defaults,
    ignore: [],
    showable: [],
    isSwitching: false,
    isResting: true,
    foreign: { items: [], judged: [], why: null },
  };
  const audit = createAuditSearch({ folder: logs, journal: ["--directory", logs] });
  const evidence = createEvidence(join(root, "state"), evidenceLimits, { audit });
  const pointers = {
    current: join(places.run, "current-system"),
    profile: join(places.nixVar, "profiles/system"),
    bootDefault: join(root, "boot/default"),
  };
  const sight = createMachineSight({
    places,
    sources: sourcesOf(machine, evidence),
    toplevel: () => machine.toplevel,
    isSwitching: () => settings.isSwitching,
    switchLock: join(root, "switch.lock"),
  });
  const viewers = viewersOf(sight, { machine, settings, pointers });
  const show = async (path: string, request: Partial<ShowRequest> = {}): Promise<ShownFacts> => {
    const options = {
      viewers: viewers.map((viewer) => respecting(settings.ignore, viewer)),
      policyOf: (question: Parameters<typeof explainPolicy>[0]) => explainPolicy(question, settings.policy),
      isShowable: (one: string) => settings.showable.includes(one),
      evidence,
    };
    const shown = await showPath(options, { path, evidence: null, maxBytes: 128 * 1024, ...request });
    // What travels must be what the other side takes.
    return ShownFacts.parse(shown);
  };
  const explain = (path: string) => show(path, { maxBytes: 0 });
  return { machine, settings, evidence, pointers, at: (path) => join(root, path), show, explain };
}

function sourcesOf({ places, units, root }: MachineFixture, evidence: Evidence): MachineSource[] {
  const manager = {
    loaded: async () => [...units.keys()],
    files: async (names: readonly string[]) => names.flatMap((name) => units.get(name) ?? []),
    reload: async () => null,
    restart: async () => null,
  };
  const store = `${root}/store/`;
  return [
    createLinksSource({ places, evidence, rest: () => "order 1" }),
    createOverridesSource({ places, evidence, manager, puts: () => false }),
    createLoadedUnitsSource({ places, manager }),
    createWrappersSource({ places, store, evidence, manager, capabilitiesOf: async () => null }),
    createKernelSource(places),
    createAccountsSource(places),
  ];
}

function viewersOf(
  sight: MachineSight,
  { machine, settings, pointers }: Pick<ShowFixture, "machine" | "settings" | "pointers">,
) {
  return [
    createWrappersViewer(sight, `${machine.root}/store/`),
    createPointersViewer(sight, {
      paths: () => pointers,
      toplevel: () => machine.toplevel,
      foreign: () => settings.foreign,
      isResting: () => settings.isResting,
    }),
    createKernelViewer(sight),
    createAccountsViewer(sight),
    createUnitsViewer(sight),
    createLoadedViewer(sight),
    createElsewhereViewer(sight),
  ];
}
