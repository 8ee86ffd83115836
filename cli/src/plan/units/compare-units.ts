/** PURE. What the difference between two files of one unit asks for, by the rules of NixOS's switch. */
import type { UnitFile } from "./unit-file.ts";

export type UnitDifference = "none" | "reload" | "restart";

type Section = UnitFile extends ReadonlyMap<string, infer S> ? S : never;

/** Keys of [Unit] that change nothing about what runs. */
const ignored: ReadonlySet<string> = new Set([
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

const none: Section = new Map();

export function compareUnits(from: UnitFile, to: UnitFile): UnitDifference {
  const names = new Set([...from.keys(), ...to.keys()]);
  const found = [...names].map((name) => compareSection(name, from.get(name), to.get(name)));
  const appeared = [...to.keys()].filter((name) => !from.has(name));
  // Several new sections are never looked into.
  if (found.includes("restart") || appeared.length > 1) return "restart";
  return found.includes("reload") ? "reload" : "none";
}

function compareSection(name: string, from: Section | undefined, to: Section | undefined): UnitDifference {
  const keys = [...new Set([...(from ?? none).keys(), ...(to ?? none).keys()])];
  if (from === undefined || to === undefined) return compareOneSided(name, keys, to !== undefined);
  const changes = keys.map((key) => compareKey(`${name}/${key}`, from.get(key), to.get(key)));
  if (changes.includes("restart")) return "restart";
  return changes.includes("reload") ? "reload" : "none";
}

/** A section that only one of them has: only [Unit], and a [Service] of nothing but ExecReload, can be harmless. */
function compareOneSided(name: string, keys: readonly string[], appeared: boolean): UnitDifference {
  if (name === "Unit") {
    if (!keys.every((key) => ignored.has(key))) return "restart";
    return appeared && keys.includes("X-Reload-Triggers") ? "reload" : "none";
  }
  const isReloadOnly = name === "Service" && keys.length === 1 && keys[0] === "ExecReload";
  if (!isReloadOnly) return "restart";
  return appeared ? "reload" : "none";
}

type Values = readonly (readonly string[])[];

function compareKey(name: string, from: Values | undefined, to: Values | undefined): UnitDifference {
  if (JSON.stringify(from) === JSON.stringify(to)) return "none";
  // Nothing asks for a reload any more, or nothing could be reloaded any more.
  const isReload = name === "Unit/X-Reload-Triggers" || name === "Service/ExecReload";
  if (isReload) return to === undefined ? "none" : "reload";
  if (name === "Mount/Options" && from !== undefined && to !== undefined) return "reload";
  return name.startsWith("Unit/") && ignored.has(name.slice("Unit/".length)) ? "none" : "restart";
}
