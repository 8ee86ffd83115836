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

/** With which closure the running machine is compared. */
export function comparedToplevel(
  journal: Journal | null,
  specialisation: Specialisation | null,
): StorePath | null {
  const settled = settledToplevel(journal);
  return settled !== null && specialisation?.of === settled ? specialisation.path : settled;
}
