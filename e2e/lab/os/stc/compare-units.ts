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
    for (const key of differingKeys(current.get(section), next.get(section)))
      changes.add(keyChange(section, key));
  }
  if (changes.has("restart")) return "restart";
  return changes.has("reload") ? "reload" : "same";
}

type Section = ReadonlyMap<string, readonly string[]>;

function differingKeys(before: Section = new Map(), after: Section = new Map()): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => !sameValues(before.get(key), after.get(key)));
}

function keyChange(section: string, key: string): UnitChange {
  if (section === "Unit" && key === "X-Reload-Triggers") return "reload";
  if (section === "Unit" && IGNORED_UNIT_KEYS.has(key)) return "same";
  if (section === "Mount" && key === "Options") return "reload";
  return "restart";
}

function sameValues(left: readonly string[] | undefined, right: readonly string[] | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
