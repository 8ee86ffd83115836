/** SHELL. Units as systemd has loaded them: from which files, and whether those are what is on disk now. */
import type { DriftItem } from "@chimera/proto/drift";
import { ChimeraError } from "@chimera/proto/errors";
import { createJudge, elsewhere, isDeclaredUnit } from "../../reconcile/machine-drift/unit-overrides.ts";
import type { PutBack } from "../drift/drift-response.ts";
import type { UnitFiles } from "../systemd/unit-files.ts";
import { createDeclaredUnits, type DeclaredUnits } from "./declared-units.ts";
import type { MachinePlaces } from "./machine-places.ts";
import { nothing, type Finding, type Look, type LookContext, type MachineSource } from "./machine-source.ts";
import { canonicalRoot, overrideRoots } from "./overrides-source.ts";
import { findAliases } from "./unit-aliases.ts";
import { reloaded, type UnitManager } from "./unit-manager.ts";

export interface LoadedUnitsOptions {
  places: MachinePlaces;
  manager: Omit<UnitManager, "restart">;
}

interface State extends LoadedUnitsOptions {
  roots: readonly string[];
  declaredBy: (toplevel: string) => DeclaredUnits | null;
}

export function createLoadedUnitsSource(options: LoadedUnitsOptions): MachineSource {
  const roots = overrideRoots(options.places);
  const state: State = { ...options, roots, declaredBy: createDeclaredUnits() };
  return {
    of: "units",
    look: (context) => look(state, context),
    // Whoever replaced the closure's folder may have had systemd read it before it was put back. Transient units come and go.
    watched: [
      ...roots.filter((root) => !root.endsWith("/transient")),
      `${options.places.etc}/systemd/system`,
    ].map((path) => ({ path, deep: true })),
  };
}

async function look(state: State, context: LookContext): Promise<Look> {
  const declared = state.declaredBy(context.toplevel);
  if (declared === null) return nothing;
  const { units, problems } = await askSystemd(state, declared);
  const isJudged = await judgeOf(state, declared);
  const findings = units.flatMap((unit) => findingsOf(state, { unit, declared, isJudged, context }));
  return { findings, managed: units.length, problems };
}

async function askSystemd(
  { manager }: State,
  declared: DeclaredUnits,
): Promise<{ units: UnitFiles[]; problems: string[] }> {
  try {
    const loaded = await manager.loaded();
    const ours = loaded.filter((name) => isDeclaredUnit(name, declared.units));
    return { units: await manager.files(ours), problems: [] };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { units: [], problems: [`systemd did not say which files it has read: ${error.message}`] };
  }
}

/** Whether what lies at a path is looked at there by whoever takes overrides away. */
async function judgeOf(
  { places, roots }: State,
  declared: DeclaredUnits,
): Promise<(path: string) => boolean> {
  const { names } = await findAliases(roots, declared);
  const isJudged = createJudge(new Set([...declared.units, ...names]));
  return (path) => {
    const root = roots.find((one) => path.startsWith(`${one}/`));
    if (root === undefined) return false;
    return isJudged({ folder: canonicalRoot(places, root), below: path.slice(root.length + 1) });
  };
}

interface Unit {
  unit: UnitFiles;
  declared: DeclaredUnits;
  isJudged: (path: string) => boolean;
  context: LookContext;
}

const strangeWhy = "nothing of ours is in that folder: remove it by hand";

function findingsOf(state: State, { unit, declared, isJudged, context }: Unit): Finding[] {
  const { name, fragment, dropIns, needsReload } = unit;
  const strange = elsewhere([fragment, ...dropIns], declared.folders)
    .filter((path) => !isJudged(path))
    .map((path) => ({ item: strangeItem(path, name), revert: null, why: strangeWhy }));
  if (!needsReload) return strange;
  const item: DriftItem = {
    path: fragment === "" ? `/etc/systemd/system/${name}` : fragment,
    kind: "needs-reload",
    expected: { type: "other", text: "systemd works with what is on disk" },
    found: { type: "other", text: "another text was read when it was loaded" },
  };
  return [{ item, revert: () => reload(state, unit, context) }, ...strange];
}

/** Whoever put it there may put it there again: it is no place of ours to clean. */
function strangeItem(path: string, unit: string): DriftItem {
  return {
    path,
    kind: "unit-override",
    expected: { type: "missing" },
    found: { type: "other", text: `read for ${unit}`.slice(0, 1024) },
  };
}

/** Each reads every unit of the machine and runs all generators: one that does not help is not repeated at each sweep. */
async function reload({ manager }: State, unit: UnitFiles, { isCurrent }: LookContext): Promise<PutBack> {
  if (!isCurrent()) return { kind: "abandoned" };
  const outcome = reloaded({ kind: "reverted", evidence: null, notes: [] }, await manager.reload());
  if (outcome.kind === "failed") return { ...outcome, isCostly: true };
  const [now] = await manager.files([unit.name]);
  if (now?.needsReload !== true) return outcome;
  const message = "systemd wants another daemon-reload right after this one";
  return { kind: "failed", code: "reload-failed", message, isCostly: true };
}
