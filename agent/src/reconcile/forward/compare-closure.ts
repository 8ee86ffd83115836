/** PURE. Whether what the store has registered is, to the bit, the closure that was signed. */
import type { ClosureEntry } from "@chimera/proto/signed/closure";

export interface Registered {
  narHash: string;
  narSize: number;
  references: readonly string[];
}

/** The first difference in words; null when there is none. */
export function compareClosure(
  expected: readonly ClosureEntry[],
  registered: ReadonlyMap<string, Registered>,
): string | null {
  for (const entry of expected) {
    const found = registered.get(entry.path);
    if (found === undefined) return `${entry.path} is not in the store`;
    const difference = compareEntry(entry, found);
    if (difference !== null) return `${entry.path}: ${difference}`;
  }
  if (registered.size === expected.length) return null;
  const listed = new Set<string>(expected.map(({ path }) => path));
  const extra = [...registered.keys()].find((path) => !listed.has(path));
  return extra === undefined ? "a path is listed twice" : `${extra} is not in the signed closure list`;
}

function compareEntry(entry: ClosureEntry, found: Registered): string | null {
  if (found.narHash !== entry.narHash) return `NAR hash ${found.narHash}, signed ${entry.narHash}`;
  if (found.narSize !== entry.narSize) return `NAR size ${found.narSize}, signed ${entry.narSize}`;
  const signed = entry.references.toSorted().join(" ");
  return found.references.toSorted().join(" ") === signed ? null : "its references are not the signed ones";
}
