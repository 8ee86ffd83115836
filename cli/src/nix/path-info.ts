/** PURE. Output of `nix path-info -r --json` of any Nix from 2.18 to 2.35 as closures. */
import { ClosureEntry } from "@chimera/proto/signed/closure";
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import { toSri } from "@chimera/proto/nix/nar-hash";
import { inStore, PathFacts, pathInfoShapes } from "@chimera/proto/nix/path-info-shapes";
import { z } from "zod";

/** Those of the paths Nix printed that its store has. Files that lie there and are not registered do not count. */
export function parseValid(text: string): Set<string> {
  return new Set(shapes(JSON.parse(text)).flatMap(([path, info]) => (info === null ? [] : [path])));
}

/** Every path Nix printed. Throws closure-unavailable for one that is not in the local store. */
export function parsePathInfo(text: string): Map<StorePath, ClosureEntry> {
  const entries = new Map<StorePath, ClosureEntry>();
  for (const [path, info] of shapes(JSON.parse(text))) {
    if (info === null) throw new ChimeraError("closure-unavailable", `${path} is not in the local store`);
    const entry = ClosureEntry.safeParse({
      path,
      narHash: toSri(info.narHash),
      narSize: info.narSize,
      references: info.references.map(inStore).toSorted(),
    });
    if (!entry.success) {
      throw new ChimeraError("input-invalid", `nix path-info, ${path}: ${z.prettifyError(entry.error)}`);
    }
    entries.set(entry.data.path, entry.data);
  }
  return entries;
}

type Info = z.infer<typeof PathFacts>;

function shapes(json: unknown): [string, Info | null][] {
  const known = pathInfoShapes(json, PathFacts);
  if (known !== undefined) return known;
  throw new ChimeraError(
    "input-invalid",
    "nix path-info printed JSON of a shape that this CLI does not know",
  );
}

/** What a toplevel needs, itself included, out of what is known. */
export function closureOf(toplevel: StorePath, known: ReadonlyMap<StorePath, ClosureEntry>): ClosureEntry[] {
  const found = new Map<StorePath, ClosureEntry>();
  const open: StorePath[] = [toplevel];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    const entry = known.get(path);
    if (entry === undefined)
      throw new ChimeraError("closure-unavailable", `${path} is missing in the local store`);
    found.set(path, entry);
    open.push(...entry.references);
  }
  return [...found.values()];
}
