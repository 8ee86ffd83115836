/**
 * PURE. A specialisation of our own system: a variant that lies in its closure, and was signed with it. Whoever activates or boots
 * one runs that very system: its toplevel is what is compared, committed and gone back to.
 */
import type { StorePath } from "@chimera/proto/names";
import type { SystemPointers } from "../decision.ts";
import type { Journal } from "../journal.ts";
import { settledToplevel } from "../settled-toplevel.ts";

export interface Specialisation {
  of: StorePath;
  name: string;
  /** The toplevel that runs. */
  path: StorePath;
}

/** Whose variants count: the system that is to run now, and not one that an order has yet to activate. */
export function specialisationsOf(journal: Journal | null): StorePath | null {
  return journal?.step === "reverted" ? journal.before.current : settledToplevel(journal);
}

export interface Variants {
  of: StorePath;
  /** Names by toplevel. */
  names: ReadonlyMap<string, string>;
}

/** The pointers with a variant's toplevel told as its system's, and what really runs where it is one. */
export function foldSpecialisation(
  system: SystemPointers,
  variants: Variants | null,
): { system: SystemPointers; specialisation: Specialisation | null } {
  if (variants === null) return { system, specialisation: null };
  const { of, names } = variants;
  const { current, booted, profile, bootDefault } = system;
  const fold = (path: StorePath | null) => (path !== null && names.has(path) ? of : path);
  const name = current === null ? undefined : names.get(current);
  return {
    // Nobody's profile names a variant: what was moved there was moved.
    system: { current: fold(current), booted: fold(booted), profile, bootDefault: fold(bootDefault) },
    specialisation: current === null || name === undefined ? null : { of, name, path: current },
  };
}

export interface RunningSystem {
  specialisation: Specialisation | null;
  /** What the running system's link names. */
  running: StorePath | null;
  /** Whether a leaf that this node verified names it. */
  isSigned: (toplevel: StorePath) => boolean;
}

/** Whose closure list counts: ours, or that of what was booted in its place and left, if it was signed for this node. */
export function comparedSystem(
  journal: Journal | null,
  { running, isSigned }: Omit<RunningSystem, "specialisation">,
): StorePath | null {
  const settled = settledToplevel(journal);
  const booted = journal?.foreign.booted ?? null;
  const isLeft = settled !== null && booted !== null && booted === running && isSigned(booted);
  return isLeft ? booted : settled;
}

/** With which toplevel the running machine is compared: a variant's own, where one runs. */
export function comparedToplevel(journal: Journal | null, system: RunningSystem): StorePath | null {
  const compared = comparedSystem(journal, system);
  const { specialisation } = system;
  return compared !== null && specialisation?.of === compared ? specialisation.path : compared;
}
