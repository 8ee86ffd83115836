/** PURE. Which declared entries a hint about one path concerns. */
import type { ExpectedEntry } from "./etc-entry.ts";

/** The directories on the way (one may have been replaced), the entry, and for a directory all that it holds. */
export function entriesForHint(entries: ReadonlyMap<string, ExpectedEntry>, path: string): ExpectedEntry[] {
  const names = path.split("/");
  const onTheWay = names.map((_, index) => names.slice(0, index + 1).join("/"));
  const found = onTheWay.flatMap((step) => entries.get(step) ?? []);
  return entries.get(path)?.kind === "directory" ? [...found, ...entriesBelow(entries, path)] : found;
}

/** In the order of the map: a directory before what it holds. */
export function entriesBelow(entries: ReadonlyMap<string, ExpectedEntry>, path: string): ExpectedEntry[] {
  const prefix = `${path}/`;
  return [...entries.values()].filter((entry) => entry.path.startsWith(prefix));
}
