/** PURE. Which Python of a nixpkgs, and whether its packages are of the versions that were asked for. */
import { satisfies, valid, validRange } from "@renovatebot/pep440";
import type { Requirement } from "./requirement.ts";

export type Choice =
  | { kind: "python"; attribute: string; version: string }
  | { kind: "none"; reason: string };

/** `offered`: attributes and versions, the one that is preferred first. */
export function choosePython(
  offered: readonly { attribute: string; version: string }[],
  requiresPython: string | null,
): Choice {
  const range = requiresPython ?? "";
  if (range !== "" && !validRange(range)) {
    return { kind: "none", reason: `requires-python "${range}" is no version specifier` };
  }
  const found = offered.find(({ version }) => range === "" || fits(version, range));
  if (found !== undefined) return { kind: "python", ...found };
  const has = offered.map(({ version }) => version).join(", ");
  return {
    kind: "none",
    reason: `it requires Python ${range}, and this nixpkgs has ${has === "" ? "none" : has}`,
  };
}

export interface Offer {
  /** Undefined where nixpkgs has no such package. */
  version: string | undefined;
}

export interface Misfit {
  name: string;
  wants: string;
  /** Null where nixpkgs has no such package. */
  has: string | null;
}

/** What keeps this nixpkgs from giving what was asked for; versions of `locked` are asked for exactly. */
export function misfits(
  requirements: readonly Requirement[],
  locked: ReadonlyMap<string, string>,
  offers: ReadonlyMap<string, Offer>,
): Misfit[] {
  const wanted = new Map(requirements.map(({ name, versions }) => [name, versions]));
  for (const [name, version] of locked) wanted.set(name, `==${version}`);
  return [...wanted].flatMap(([name, wants]): Misfit[] => {
    const version = offers.get(name)?.version;
    if (version === undefined) return [{ name, wants, has: null }];
    return wants === "" || fits(version, wants) ? [] : [{ name, wants, has: version }];
  });
}

/** nixpkgs may have versions that are none to PEP 440 ("0-unstable-2026-01-01"): nobody can tell, so they do not fit. */
function fits(version: string, range: string): boolean {
  return valid(version) !== null && satisfies(version, range, { prereleases: true });
}
