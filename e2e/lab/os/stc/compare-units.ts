// PURE: what a changed unit file asks for, by the rules of nixos.md §2.4.
import type { UnitFile } from "./unit-file.ts";

export type UnitChange = "same" | "reload" | "restart";

/** Keys of [Unit] that say nothing about the running process. */
const IGNORED_UNIT_KEYS: ReadonlySet<string> = new Set([
  "X-Reload-Triggers",
  "Description",
  "Documentation",
  "OnFailure",
  "OnSuccess",
  "OnFailureJobMode",
  "IgnoreOnIsolate",
  "StopWhenUnneeded",
  "RefuseManualStart",
  "RefuseManualStop",
  "AllowIsolate",
  "CollectMode",
  "SourcePath",
]);

export function compareUnits(current: UnitFile, next: UnitFile): UnitChange {
  const changes = new Set<UnitChange>();
  for (const section of new Set([...current.keys(), ...next.keys()])) {
    if (section === "Install") continue;
    const [before, after] = [current.get(section), next.get(section)];
    if (isWholeSectionNew(section, before, after)) changes.add("restart");
    for (const key of differingKeys(before, after))
      changes.add(keyChange(`${section} ${key}`, before?.get(key), after?.get(key)));
  }
  if (changes.has("restart")) return "restart";
  return changes.has("reload") ? "reload" : "same";
}

type Section = ReadonlyMap<string, readonly string[]>;

/** A section that comes or goes is looked into only where all of it may be harmless. */
function isWholeSectionNew(
  section: string,
  before: Section | undefined,
  after: Section | undefined,
): boolean {
  if (before !== undefined && after !== undefined) return false;
  if (section === "Unit") return false;
  const keys = [...(before ?? after ?? new Map<string, string[]>()).keys()];
  return section !== "Service" || keys.join(" ") !== "ExecReload";
}

function differingKeys(before: Section = new Map(), after: Section = new Map()): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => !sameValues(before.get(key), after.get(key)));
}

type Values = readonly string[] | undefined;

function keyChange(name: string, before: Values, after: Values): UnitChange {
  // A reload that nothing asks for any more, and one that could not be done any more, is none.
  if (name === "Unit X-Reload-Triggers" || name === "Service ExecReload")
    return after === undefined ? "same" : "reload";
  if (name === "Mount Options") return before === undefined || after === undefined ? "restart" : "reload";
  return name.startsWith("Unit ") && IGNORED_UNIT_KEYS.has(name.slice("Unit ".length)) ? "same" : "restart";
}

function sameValues(left: readonly string[] | undefined, right: readonly string[] | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
