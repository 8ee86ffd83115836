/** SHELL. Files that override a unit of the closure: taken away by name, kept as evidence, and systemd reads its units again. */
import type { DriftItem } from "@chimera/proto/drift";
import { isAllowedDropIn } from "../../reconcile/machine-drift/unit-allow-list.ts";
import { unitsJudgedIn } from "../../reconcile/machine-drift/unit-overrides.ts";
import type { PutBack } from "../drift/drift-response.ts";
import type { Evidence } from "../drift/evidence.ts";
import { createDeclaredUnits, type DeclaredUnits } from "./declared-units.ts";
import { findOverrides, type Override } from "./find-overrides.ts";
import type { MachinePlaces } from "./machine-places.ts";
import { nothing, type Finding, type Look, type LookContext, type MachineSource } from "./machine-source.ts";
import { readSmallFile } from "../read-small-file.ts";
import { removeOverride } from "./remove-override.ts";
import { returnedOverride, type Returns } from "./returned-override.ts";
import { findAliases } from "./unit-aliases.ts";
import { reloaded, type UnitManager } from "./unit-manager.ts";

export interface OverridesSourceOptions {
  places: MachinePlaces;
  evidence: Evidence;
  manager: Pick<UnitManager, "reload">;
  /** False while differences of units are only told. */
  puts: () => boolean;
}

interface State extends OverridesSourceOptions {
  roots: readonly string[];
  declaredBy: (toplevel: string) => DeclaredUnits | null;
  returns: Returns;
}

/** What systemd reads beside the closure's folder, but for what generators make. */
export function overrideRoots({ run, etc }: MachinePlaces): string[] {
  const below = ["system", "system.control", "system.attached", "transient"];
  return [
    ...["system.control", "system.attached"].map((name) => `${etc}/systemd/${name}`),
    ...below.map((name) => `${run}/systemd/${name}`),
  ];
}

export function createOverridesSource(options: OverridesSourceOptions): MachineSource {
  const roots = overrideRoots(options.places);
  const state: State = { ...options, roots, declaredBy: createDeclaredUnits(), returns: new Map() };
  return {
    of: "units",
    look: (context) => look(state, context),
    watched: roots.map((path) => ({ path, deep: true })),
  };
}

async function look(state: State, context: LookContext): Promise<Look> {
  const declared = state.declaredBy(context.toplevel);
  if (declared === null) return nothing;
  const aliases = await findAliases(state.roots, declared);
  const roots = state.roots.map((root) => ({
    root,
    declared: unitsJudgedIn(canonicalRoot(state.places, root), declared.units),
    aliases: unitsJudgedIn(canonicalRoot(state.places, root), aliases.names),
  }));
  const { list, unfinished, problems } = await findOverrides(roots);
  if (state.puts())
    for (const place of unfinished)
      await removeOverride(place, { evidence: state.evidence, isCurrent: context.isCurrent });
  const container = (await readSmallFile(`${state.places.run}/systemd/container`, 256))?.trim() ?? null;
  const findings = list
    .filter(({ place }) => !isAllowedDropIn(canonical(state, place), container))
    .map((override) => findingOf(state, context, override));
  return { findings, managed: declared.units.size, problems: [...aliases.problems, ...problems] };
}

/** As it is called on a machine, whatever folder a test has. */
function canonical(state: State, { root, folder, name }: Override["place"]): string {
  return [canonicalRoot(state.places, root), folder, name].filter((part) => part !== "").join("/");
}

export function canonicalRoot({ run }: MachinePlaces, path: string): string {
  return path.startsWith(`${run}/`) ? `/run${path.slice(run.length)}` : path;
}

const propertyWhy = "set by systemctl set-property: `systemctl revert` ends it";

function findingOf(state: State, { isCurrent }: LookContext, override: Override): Finding {
  const { place, path, found } = override;
  const item: DriftItem = { path, kind: "unit-override", expected: { type: "missing" }, found };
  if (override.isProperty) return { item, revert: null, level: "info", why: propertyWhy };
  const revert = async (): Promise<PutBack> => {
    const removed = await removeOverride(place, { evidence: state.evidence, isCurrent });
    if (removed.kind !== "reverted") return removed;
    const done = reloaded(removed, await state.manager.reload());
    const folder = canonicalRoot(state.places, place.root);
    return (await returnedOverride({ place, path, folder }, state)) ?? done;
  };
  return { item, revert };
}
