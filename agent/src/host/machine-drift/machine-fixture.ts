/** For tests: a toplevel with units and scripts, a machine that runs it, and a systemd that only notes what it is told. */
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog, type Log } from "@chimera/proto/log";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { createIsIgnored, modesOfClasses } from "../../reconcile/machine-drift/drift-class.ts";
import { createEvidence } from "../drift/evidence.ts";
import type { UnitFiles } from "../systemd/unit-files.ts";
import type { MachinePlaces } from "./machine-places.ts";
import { createLinksSource } from "./links-source.ts";
import { startMachineDrift, type MachineDrift, type MachineDriftOptions } from "./machine-service.ts";
import { createLoadedUnitsSource } from "./loaded-units-source.ts";
import { createOverridesSource } from "./overrides-source.ts";
import { gathered, type UnitManager } from "./unit-manager.ts";

export interface MachineFixture {
  root: string;
  toplevel: string;
  places: MachinePlaces;
  events: NodeEventBody[];
  /** What systemd would say. */
  units: Map<string, UnitFiles>;
  /** What reloads answer, instead of null. */
  reloadProblem: string | null;
  /** What generators do at each reload. */
  generate: () => void;
  /** Units that want a reload again right after one. */
  restless: Set<string>;
  counts: { reloads: number; wakes: number };
  log: Log;
  /** Below the fixture, with the folders on the way. */
  write: (path: string, text: string) => string;
  start: (options?: Partial<MachineDriftOptions>) => MachineDrift;
  types: () => string[];
  remove: () => Promise<void>;
}

const declaredNames = ["app.service", "app.slice", "app@.service", "data.mount", "lab-one.service"];

/** The lists that a test fills before it starts the service. */
function createFixture(): MachineFixture {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "chimera-machine-")));
  const services: MachineDrift[] = [];
  const counts = { reloads: 0, wakes: 0 };
  const fixture: MachineFixture = {
    root,
    toplevel: join(root, "store/system"),
    places: placesIn(root),
    events: [],
    units: new Map(),
    reloadProblem: null,
    generate: () => {},
    restless: new Set(),
    counts,
    log: createLog({ fields: {}, write: () => {} }),
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      return join(root, path);
    },
    start(options = {}) {
      const service = startMachineDrift({ ...optionsOf(fixture), ...options });
      services.push(service);
      return service;
    },
    types: () => fixture.events.map(({ type }) => type),
    async remove() {
      for (const service of services) await service.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
  fill(fixture);
  return fixture;
}

function placesIn(root: string): MachinePlaces {
  const at = (name: string): string => join(root, name);
  return { run: at("run"), etc: at("etc"), nixVar: at("nix"), proc: at("proc"), sys: at("sys"), root };
}

function fill({ root, toplevel, places, write }: MachineFixture): void {
  for (const name of declaredNames) write(`store/system/etc/systemd/system/${name}`, "[Unit]\n");
  write("store/system/activate", "ln -sfn /run/current-system /nix/var/nix/gcroots/current-system\n");
  write("store/system/init", "ln -sfn /run/booted-system /nix/var/nix/gcroots/booted-system\n");
  for (const folder of ["run/systemd/system", "etc/systemd", "nix/gcroots/chimera", "nix/profiles", "proc"])
    mkdirSync(join(root, folder), { recursive: true });
  symlinkSync(toplevel, join(places.run, "current-system"));
  symlinkSync(join(toplevel, "etc"), join(places.etc, "static"));
  for (const name of ["current-system", "booted-system"])
    symlinkSync(`/run/${name}`, join(places.nixVar, "gcroots", name));
}

function optionsOf(fixture: MachineFixture): MachineDriftOptions {
  const { places, root, toplevel, events, counts, log } = fixture;
  const evidence = createEvidence(join(root, "state"));
  const manager = managerOf(fixture);
  return {
    sources: [
      createLinksSource({ places, evidence, rest: () => "order 1" }),
      createOverridesSource({ places, evidence, manager, puts: () => true }),
      createLoadedUnitsSource({ places, manager }),
    ],
    toplevel: () => toplevel,
    modes: modesOfClasses({ mode: "revert", classes: { units: "revert", wrappers: "revert" } }),
    isHeld: () => false,
    isIgnored: createIsIgnored([]),
    isSwitching: () => false,
    onForeign: () => {
      counts.wakes += 1;
    },
    currentSystem: join(places.run, "current-system"),
    switchLock: join(root, "switch.lock"),
    sweepMs: 3_600_000,
    onEvent: (event) => events.push(event),
    log,
  };
}

/** A reload brings every unit to what is on the disk, unless the test says that it fails. */
function managerOf(fixture: MachineFixture): UnitManager {
  const { units, counts } = fixture;
  return {
    loaded: async () => [...units.keys()],
    files: async (names) => names.flatMap((name) => units.get(name) ?? []),
    reload: gathered(async () => {
      counts.reloads += 1;
      if (fixture.reloadProblem !== null) return fixture.reloadProblem;
      for (const [name, unit] of units) units.set(name, { ...unit, needsReload: fixture.restless.has(name) });
      fixture.generate();
      return null;
    }),
    restart: async () => null,
  };
}

/** A fixture of its own for each test of the file. */
export function useMachineFixture(): () => MachineFixture {
  let current: MachineFixture | null = null;
  beforeEach(() => {
    current = createFixture();
  });
  afterEach(() => current?.remove());
  return () => {
    if (current === null) throw new Error("the fixture is there while a test runs");
    return current;
  };
}
