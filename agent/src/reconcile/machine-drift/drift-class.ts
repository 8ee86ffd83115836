/** PURE. What is compared beyond /etc, by class, and which differences somebody wants to keep. */
import type { DriftItem } from "@chimera/proto/drift";
import picomatch from "picomatch";
import type { DriftMode } from "../drift/drift.ts";
import type { IgnoredGlob } from "../drift/etc-scope.ts";

export type DriftClass = "pointers" | "units" | "wrappers" | "kernel" | "accounts";

export type ClassModes = Readonly<Record<DriftClass, DriftMode>>;

interface DriftSettings {
  mode: DriftMode;
  classes: { readonly [name in DriftClass]?: DriftMode | undefined };
}

export function modeOfClass({ mode, classes }: DriftSettings, name: DriftClass): DriftMode {
  return classes[name] ?? mode;
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
  const matchers = ignore.map(({ glob }) => picomatch(glob, { dot: true }));
  return ({ path }) => matchers.some((matches) => matches(path));
}
