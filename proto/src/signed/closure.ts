/**
 * PURE. The closure list: what every path of a closure must be, to the bit. Nix paths are named by their
 * inputs, so only this list, whose root is in the signed leaf, fixes the bits.
 */
import { z } from "zod";
import { canonicalBytes } from "./canonical.ts";
import { hashLeaf, merkleRoot } from "./merkle.ts";
import { Count, Digest, NarHash, StorePath } from "../names.ts";

export const ClosureEntry = z.object({
  path: StorePath,
  /** SRI form, `sha256-…`: the one Nix prints in JSON. */
  narHash: NarHash,
  /** Bytes of the NAR. */
  narSize: Count,
  /** Sorted; includes the path itself where it refers to itself. */
  references: z.array(StorePath).max(10_000),
});
export type ClosureEntry = z.infer<typeof ClosureEntry>;

export const ClosureList = z.object({
  v: z.literal(1),
  entries: z.array(ClosureEntry).min(1).max(200_000),
});
export type ClosureList = z.infer<typeof ClosureList>;

/** The list in its one order: by path, references sorted. */
export function sortClosure(entries: readonly ClosureEntry[]): ClosureEntry[] {
  return entries
    .map((entry) => ({ ...entry, references: entry.references.toSorted() }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** RFC 6962 root over the canonical JSON of each entry, in path order. */
export function closureDigest(entries: readonly ClosureEntry[]): Digest {
  const hashes = sortClosure(entries).map(({ path, narHash, narSize, references }) =>
    hashLeaf(canonicalBytes({ path, narHash, narSize, references })),
  );
  return Digest.parse(merkleRoot(hashes).toString("hex"));
}

/** Sum of NAR sizes in bytes. */
export function closureSize(entries: readonly ClosureEntry[]): number {
  return entries.reduce((sum, { narSize }) => sum + narSize, 0);
}
