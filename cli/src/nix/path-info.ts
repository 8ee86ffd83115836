/** PURE. Output of `nix path-info -r --json` of any Nix from 2.18 to 2.35 as closures. */
import { ClosureEntry } from "@chimera/proto/signed/closure";
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import { z } from "zod";
import { HashJson, toSri } from "./nar-hash.ts";

const storeDir = "/nix/store";

const Info = z.object({
  narHash: HashJson,
  narSize: z.number(),
  references: z.array(z.string()),
});
/** Up to 2.18: a list, `valid` false for unknown paths. */
const InfoList = z.array(Info.partial().extend({ path: z.string(), valid: z.boolean().optional() }));
/** 2.19 on: a map by path, null for unknown paths. */
const InfoMap = z.record(z.string(), Info.nullable());
/** Format 2 and 3: the map is nested and uses base names. */
const InfoNested = z.object({ version: z.number(), info: InfoMap });

/** Those of the paths Nix printed that its store has. Files that lie there and are not registered do not count. */
export function parseValid(text: string): Set<string> {
  return new Set(shapes(JSON.parse(text)).flatMap(([name, info]) => (info === null ? [] : [fullPath(name)])));
}

/** Every path Nix printed. Throws closure-unavailable for one that is not in the local store. */
export function parsePathInfo(text: string): Map<StorePath, ClosureEntry> {
  const entries = new Map<StorePath, ClosureEntry>();
  for (const [name, info] of shapes(JSON.parse(text))) {
    const path = fullPath(name);
    if (info === null) throw new ChimeraError("closure-unavailable", `${path} is not in the local store`);
    const entry = ClosureEntry.safeParse({
      path,
      narHash: toSri(info.narHash),
      narSize: info.narSize,
      references: info.references.map(fullPath).toSorted(),
    });
    if (!entry.success) {
      throw new ChimeraError("input-invalid", `nix path-info, ${path}: ${z.prettifyError(entry.error)}`);
    }
    entries.set(entry.data.path, entry.data);
  }
  return entries;
}

function shapes(json: unknown): [string, z.infer<typeof Info> | null][] {
  const nested = InfoNested.safeParse(json);
  if (nested.success) return Object.entries(nested.data.info);
  const list = InfoList.safeParse(json);
  if (list.success) return list.data.map((item) => [item.path, Info.safeParse(item).data ?? null]);
  const map = InfoMap.safeParse(json);
  if (map.success) return Object.entries(map.data);
  throw new ChimeraError(
    "input-invalid",
    "nix path-info printed JSON of a shape that this CLI does not know",
  );
}

function fullPath(name: string): string {
  return name.startsWith("/") ? name : `${storeDir}/${name}`;
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
