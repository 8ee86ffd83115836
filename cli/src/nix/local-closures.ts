/** SHELL. The closures of those systems that are in the local store; the others are left out. */
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import type { Io } from "../io.ts";
import { queryClosures } from "./query-closures.ts";

export async function localClosures(
  io: Io,
  toplevels: readonly StorePath[],
): Promise<Map<StorePath, ClosureEntry[]>> {
  const found = new Map<StorePath, ClosureEntry[]>();
  // One by one: Nix answers for none where one is not there.
  for (const toplevel of new Set(toplevels)) {
    const closure = await queryClosures(io, [toplevel]).catch(orNone);
    for (const [path, entries] of closure) found.set(path, entries);
  }
  return found;
}

function orNone(error: unknown): Map<StorePath, ClosureEntry[]> {
  if (error instanceof ChimeraError && error.code === "closure-unavailable") return new Map();
  throw error;
}
