/** PURE. The parts of a machine that are compared, each with a setting of its own. */
import type { DriftMode } from "@chimera/proto/drift-policy";
import { followsMode, modeOfClass, type DriftClass } from "../../machine-drift/drift-class.ts";

export type DriftPart = DriftClass | "etc" | "mounts" | "store";

export interface PartSettings {
  mode: DriftMode;
  classes: { readonly [name in DriftClass | "mounts"]?: DriftMode | undefined };
  store: { mode: DriftMode };
}

export interface PartMode {
  mode: DriftMode;
  /** Which setting says so. */
  setting: string;
  /** As it is where nobody sets anything. */
  isDefault: boolean;
}

export function modeOfPart(settings: PartSettings, part: DriftPart): PartMode {
  if (part === "etc")
    return { mode: settings.mode, setting: "drift.mode", isDefault: settings.mode === "revert" };
  if (part === "store") {
    const { mode } = settings.store;
    return { mode, setting: "drift.store.mode", isDefault: mode === "report" };
  }
  const isSet = settings.classes[part] !== undefined;
  const isOfMode = !isSet && (followsMode(part) || settings.mode !== "revert");
  return {
    mode: modeOfClass(settings, part),
    setting: isOfMode ? "drift.mode" : `drift.classes.${part}`,
    isDefault: isOfMode ? settings.mode === "revert" : !isSet,
  };
}
