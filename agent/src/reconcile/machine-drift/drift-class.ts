/** PURE. What is compared beyond /etc, by class, and which differences somebody wants to keep. */
import type { DriftItem } from "@chimera/proto/drift";
import type { DriftMode } from "../drift/drift.ts";
import type { IgnoredGlob } from "../drift/etc-scope.ts";
import { matcherOf } from "../drift/match-glob.ts";

export type DriftClass = "pointers" | "units" | "wrappers" | "kernel" | "accounts";

/** What is mounted over /etc is the other source's. */
export type NamedClass = DriftClass | "mounts";

export type ClassModes = Readonly<Record<DriftClass, DriftMode>>;

interface DriftSettings {
  mode: DriftMode;
  classes: { readonly [name in NamedClass]?: DriftMode | undefined };
}

/** Who moved a pointer by hand is undone like any other change, and a set-user-id program that nobody declared is nobody's right. */
const plainClasses: ReadonlySet<NamedClass> = new Set<NamedClass>(["pointers", "wrappers"]);

/** Whether it does what the node's mode says, where nothing is set for it. */
export function followsMode(name: NamedClass): boolean {
  return plainClasses.has(name);
}

/**
 * All else here may be somebody's right on a machine that we do not know (a generator of a container's host, a mount of its runtime): it
 * is put back where the owner says so.
 */
export function modeOfClass({ mode, classes }: DriftSettings, name: NamedClass): DriftMode {
  return classes[name] ?? (mode === "revert" && !followsMode(name) ? "report" : mode);
}

export function modesOfClasses(settings: DriftSettings): ClassModes {
  return {
    pointers: modeOfClass(settings, "pointers"),
    units: modeOfClass(settings, "units"),
    wrappers: modeOfClass(settings, "wrappers"),
    kernel: modeOfClass(settings, "kernel"),
    accounts: modeOfClass(settings, "accounts"),
  };
}

/** The configuration's globs count here too; the built-in list is about /etc only. */
export function createIsIgnored(ignore: readonly IgnoredGlob[]): (item: DriftItem) => boolean {
  const matchers = ignore.map(({ glob }) => matcherOf(glob));
  return ({ path }) => matchers.some((matches) => matches(path));
}
