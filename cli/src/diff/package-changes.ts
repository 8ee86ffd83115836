/** PURE. What lies between two closures, package by package: versions and sizes, from their lists alone. */
import type { StorePath } from "@chimera/proto/names";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { packageOf } from "./split-name.ts";

interface Package {
  versions: Set<string>;
  paths: Set<StorePath>;
  bytes: number;
}

export type Packages = ReadonlyMap<string, Package>;

interface PackageChange {
  name: string;
  /** `size`: the same versions, and at least 8 KiB more or less. */
  change: "added" | "removed" | "version" | "size";
  /** Sorted; an empty text where there is no version. */
  old: string[];
  new: string[];
  /** Bytes. */
  sizeChange: number;
}

export interface PackageDiff {
  /** Sorted by name. */
  packages: PackageChange[];
  /** Packages of the same versions and about the same size that were built anew. */
  rebuilt: number;
}

/** As `nix store diff-closures` has it: less is noise of hashes and times. */
const worthTelling = 8192;

/** The system itself is left out: its name and version are those of the node. */
export function packagesOf(entries: readonly ClosureEntry[], toplevel: StorePath): Packages {
  const found = new Map<string, Package>();
  for (const { path, narSize } of entries) {
    if (path === toplevel) continue;
    const { name, version } = packageOf(path);
    const known = found.get(name) ?? { versions: new Set(), paths: new Set(), bytes: 0 };
    known.versions.add(version);
    known.paths.add(path);
    known.bytes += narSize;
    found.set(name, known);
  }
  return found;
}

export function packageChanges(old: Packages, now: Packages): PackageDiff {
  const names = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  const changed = names.flatMap((name) => changeOf(name, old.get(name), now.get(name)));
  const packages = changed.flatMap((change) => (change === "rebuilt" ? [] : [change]));
  return { packages, rebuilt: changed.length - packages.length };
}

function changeOf(name: string, old: Package = none, now: Package = none): (PackageChange | "rebuilt")[] {
  const change = kindOf(old, now);
  if (change === null) return [];
  if (change === "rebuilt") return [change];
  const [before, after] = [old, now].map(({ versions }) => [...versions].toSorted());
  return [{ name, change, old: before ?? [], new: after ?? [], sizeChange: now.bytes - old.bytes }];
}

const none: Package = { versions: new Set(), paths: new Set(), bytes: 0 };

function kindOf(old: Package, now: Package): PackageChange["change"] | "rebuilt" | null {
  if (old.paths.size === 0) return "added";
  if (now.paths.size === 0) return "removed";
  if (!isSame(old.versions, now.versions)) return "version";
  if (Math.abs(now.bytes - old.bytes) >= worthTelling) return "size";
  return isSame(old.paths, now.paths) ? null : "rebuilt";
}

function isSame<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}
