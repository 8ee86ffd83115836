// SHELL: reads the unit files of the running and of the new system for every active unit.
import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { ActiveUnit, SwitchInput } from "./plan-switch.ts";
import { showUnits, type UnitState } from "./systemctl.ts";
import { parseUnit, type UnitFile } from "./unit-file.ts";

const CURRENT_UNITS = "/etc/systemd/system";

/** One that reloads or goes down at this moment is left alone, as by NixOS's switch. */
const ACTIVE_STATES: ReadonlySet<string> = new Set(["active", "activating"]);

export function isActive(unit: UnitState): boolean {
  return ACTIVE_STATES.has(unit.active);
}

/** What the plan needs to know. Only units that /etc/systemd/system defines are ours to touch. */
export function loadSwitchInput(states: readonly UnitState[], nextUnits: string): SwitchInput {
  const active = new Set(states.filter(isActive).map((unit) => unit.name));
  const units: ActiveUnit[] = [];
  for (const name of active) {
    const file = fileOf([CURRENT_UNITS, nextUnits], name);
    // Masked, and running all the same: its file says nothing, and so does not keep it running either.
    const current = isMasked(CURRENT_UNITS, file) ? parseUnit([]) : readUnit(CURRENT_UNITS, name, file);
    if (current === undefined) continue;
    const isGone = file !== name && hasDropIn(CURRENT_UNITS, name) && !hasDropIn(nextUnits, name);
    units.push({ name, file, current, next: isGone ? undefined : readUnit(nextUnits, name, file) });
  }
  const foreign = foreignUnits(units, sameSystem(nextUnits));
  return {
    units: units.filter((unit) => !foreign.has(unit.name)),
    active,
    available: new Set(existsSync(nextUnits) ? readdirSync(nextUnits) : []),
  };
}

function isMasked(folder: string, file: string): boolean {
  const path = join(folder, file);
  return existsSync(path) && realpathSync(path) === "/dev/null";
}

/** The template's name for an instance that has a file of its own nowhere. */
function fileOf(folders: readonly string[], name: string): string {
  const isOwn = folders.some((folder) => existsSync(join(folder, name)));
  return isOwn ? name : name.replace(/^(.*)@[^.]*(\.[a-z]+)$/, "$1@$2");
}

/** An instance that only drop-ins define: they are masked where the unit is disabled. */
function hasDropIn(folder: string, name: string): boolean {
  const own = join(folder, `${name}.d`);
  if (!existsSync(own)) return false;
  return readdirSync(own).some((file) => {
    const path = join(own, file);
    return file.endsWith(".conf") && existsSync(path) && realpathSync(path) !== "/dev/null";
  });
}

/** The unit's file with its drop-ins, the template's for an instance; undefined when absent or masked. */
export function readUnit(folder: string, name: string, file = fileOf([folder], name)): UnitFile | undefined {
  const path = join(folder, file);
  if (!existsSync(path) || isMasked(folder, file)) return undefined;
  const dropIns = new Set([`${file}.d`, `${name}.d`]);
  return parseUnit([
    readFileSync(path, "utf8"),
    ...[...dropIns].flatMap((dir) => readDropIns(join(folder, dir))),
  ]);
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
