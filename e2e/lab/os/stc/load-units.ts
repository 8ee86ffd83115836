// SHELL: reads the unit files of the running and of the new system for every active unit.
import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { ActiveUnit, SwitchInput } from "./plan-switch.ts";
import { showUnits, type UnitState } from "./systemctl.ts";
import { parseUnit, type UnitFile } from "./unit-file.ts";

const CURRENT_UNITS = "/etc/systemd/system";

const ACTIVE_STATES: ReadonlySet<string> = new Set(["active", "activating", "reloading", "refreshing"]);

export function isActive(unit: UnitState): boolean {
  return ACTIVE_STATES.has(unit.active);
}

/** What the plan needs to know. Only units that /etc/systemd/system defines are ours to touch. */
export function loadSwitchInput(states: readonly UnitState[], nextUnits: string): SwitchInput {
  const active = new Set(states.filter(isActive).map((unit) => unit.name));
  const units: ActiveUnit[] = [];
  for (const name of active) {
    const current = readUnit(CURRENT_UNITS, name);
    if (current === undefined) continue;
    units.push({ name, current, next: readUnit(nextUnits, name) });
  }
  const foreign = foreignUnits(units, sameSystem(nextUnits));
  return {
    units: units.filter((unit) => !foreign.has(unit.name)),
    active,
    available: new Set(existsSync(nextUnits) ? readdirSync(nextUnits) : []),
  };
}

/** The unit's file with its drop-ins, the template's for an instance; undefined when absent or masked. */
export function readUnit(folder: string, name: string): UnitFile | undefined {
  const template = name.replace(/^([^@]+)@.+(\.[a-z]+)$/, "$1@$2");
  for (const candidate of new Set([name, template])) {
    const path = join(folder, candidate);
    if (!existsSync(path)) continue;
    if (realpathSync(path) === "/dev/null") return undefined;
    const dropIns = [`${template}.d`, `${name}.d`].filter((dir, index, all) => all.indexOf(dir) === index);
    return parseUnit([
      readFileSync(path, "utf8"),
      ...dropIns.flatMap((dir) => readDropIns(join(folder, dir))),
    ]);
  }
  return undefined;
}

function readDropIns(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".conf"))
    .toSorted()
    .map((name) => readFileSync(join(folder, name), "utf8"));
}

/** Units whose file in /etc is hidden by a transient one or by an administrator's: not what the closure defines. */
function foreignUnits(units: readonly ActiveUnit[], unchanged: boolean): Set<string> {
  // With the same unit tree on both sides nothing will be touched; asking systemd would only cost time.
  if (unchanged) return new Set();
  const fragments = showUnits(
    units.map((unit) => unit.name),
    "FragmentPath",
  );
  return new Set(
    [...fragments].filter(([, path]) => path !== "" && !path.startsWith(CURRENT_UNITS)).map(([id]) => id),
  );
}

function sameSystem(nextUnits: string): boolean {
  return (
    existsSync(CURRENT_UNITS) &&
    existsSync(nextUnits) &&
    realpathSync(CURRENT_UNITS) === realpathSync(nextUnits)
  );
}
