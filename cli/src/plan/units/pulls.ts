/** PURE. What a unit draws along: what starts with it, and whose stop or restart reaches it. */
import { words } from "./unit-file.ts";
import { primaryName, unitOf, type UnitFolder } from "./unit-folder.ts";

/** Units that a start of this one starts too where they are not active. */
export function startedBy(folder: UnitFolder, name: string): string[] {
  return namesOf(folder, name, { keys: ["Wants", "Requires", "BindsTo", "Upholds"], links: true });
}

/** Units whose stop stops this one, and whose restart restarts it. */
export function dependsOn(folder: UnitFolder, name: string): string[] {
  return namesOf(folder, name, { keys: ["Requires", "BindsTo", "Requisite", "PartOf"], links: true });
}

/** Units without which this one cannot start. */
export function requiredBy(folder: UnitFolder, name: string): string[] {
  return namesOf(folder, name, { keys: ["Requires", "BindsTo"], links: true });
}

/** Units whose stop alone stops this one. */
export function stoppedWith(folder: UnitFolder, name: string): string[] {
  return namesOf(folder, name, { keys: ["StopPropagatedFrom"], links: false });
}

/** Units that a stop of this one alone stops. */
export function stopsAlso(folder: UnitFolder, name: string): string[] {
  return namesOf(folder, name, { keys: ["PropagatesStopTo"], links: false });
}

/** Units whose reload reloads this one. The second name is an old one that systemd still reads. */
export function reloadedWith(folder: UnitFolder, name: string): string[] {
  return namesOf(folder, name, { keys: ["ReloadPropagatedFrom", "PropagateReloadFrom"], links: false });
}

/** Units that a reload of this one reloads. */
export function reloadsAlso(folder: UnitFolder, name: string): string[] {
  return namesOf(folder, name, { keys: ["PropagatesReloadTo", "PropagateReloadTo"], links: false });
}

interface Asked {
  keys: readonly string[];
  /** Whether the folders beside the unit count: `.requires`, and for a start `.wants` and `.upholds`. */
  links: boolean;
}

function namesOf(folder: UnitFolder, name: string, { keys, links }: Asked): string[] {
  const unit = unitOf(folder, name);
  const said = unit === undefined ? [] : keys.flatMap((key) => words(unit, `Unit/${key}`));
  const linked = links ? linkedFrom(folder, name, keys.includes("Wants")) : [];
  return [...new Set([...said, ...linked].map((other) => primaryName(folder, filledIn(other, name))))];
}

function linkedFrom({ links }: UnitFolder, name: string, isStart: boolean): readonly string[] {
  const required = links.requires.get(name) ?? [];
  return isStart
    ? [...required, ...(links.wants.get(name) ?? []), ...(links.upholds.get(name) ?? [])]
    : required;
}

/** The specifiers that name other units in practice: the instance, and the name itself. */
function filledIn(other: string, name: string): string {
  const instance = /@(?<instance>.+)\.[a-z]+$/u.exec(name)?.groups?.["instance"] ?? "";
  const meant: Readonly<Record<string, string>> = { "%i": instance, "%n": name, "%%": "%" };
  // From left to right: %%i is a percent sign and an i.
  return other.replaceAll(/%[in%]/gu, (specifier) => meant[specifier] ?? specifier);
}
