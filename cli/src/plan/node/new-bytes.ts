/** PURE. What of a closure a node does not have from its old one. It may have more by chance: this is the most. */
import { closureSize, type ClosureEntry } from "@chimera/proto/signed/closure";
import type { NewBytes } from "./group-plans.ts";

export function newBytes(from: readonly ClosureEntry[], to: readonly ClosureEntry[]): NewBytes {
  const there = new Set(from.map(({ path }) => path));
  const missing = to.filter(({ path }) => !there.has(path));
  return { closure: closureSize(to), missing: closureSize(missing), paths: missing.length };
}
