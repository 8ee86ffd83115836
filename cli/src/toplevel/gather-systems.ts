/** SHELL. Every system that a plan compares: where it can be read, and its closure; from the local store, else the cache. */
import { existsSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import { closureSize, type ClosureEntry } from "@chimera/proto/signed/closure";
import type { Leaf } from "@chimera/proto/signed/world";
import { createPushView } from "../fleet/report/push-view.ts";
import type { Io } from "../io.ts";
import { queryClosures } from "../nix/query-closures.ts";
import { fetchToplevel, planStore, type Cache } from "./fetch-toplevel.ts";
import type { StoreView } from "./store-view.ts";

interface Gathered {
  view: StoreView;
  /** Null where no list could be had. */
  closure: readonly ClosureEntry[] | null;
}

/** Or why it cannot be read. */
export type Systems = ReadonlyMap<StorePath, Gathered | ChimeraError>;

export interface WantedSystem {
  toplevel: StorePath;
  /** Signed, for what is not here; null for a path that somebody typed. */
  leaf: Leaf | null;
}

const fetching = {
  doing: "fetching",
  done: "fetched",
  end: "from the cache",
  first: "asking for the closure list",
} as const;

export async function gatherSystems(
  io: Io,
  wanted: readonly WantedSystem[],
  { cache, json }: { cache: Cache | null; json: boolean },
): Promise<Systems> {
  const unique = [...new Map(wanted.map((system) => [system.toplevel, system])).values()];
  const here = unique.filter(({ toplevel }) => existsSync(toplevel));
  const systems = new Map<StorePath, Gathered | ChimeraError>();
  const closures = await localClosures(
    io,
    here.map(({ toplevel }) => toplevel),
  );
  for (const { toplevel } of here) {
    systems.set(toplevel, { view: { root: "" }, closure: closures.get(toplevel) ?? null });
  }
  const away = unique.filter(({ toplevel }) => !systems.has(toplevel));
  if (away.length > 0) await fetchAll(io, away, { cache, json, systems });
  return systems;
}

/** Without Nix, or of a path that it does not know, only the sizes are missing. */
async function localClosures(
  io: Io,
  toplevels: readonly StorePath[],
): Promise<ReadonlyMap<StorePath, readonly ClosureEntry[]>> {
  if (toplevels.length === 0) return new Map();
  return queryClosures(io, toplevels).catch((error: unknown) => {
    const isKnown =
      error instanceof ChimeraError && ["tool-missing", "closure-unavailable"].includes(error.code);
    if (!isKnown) throw error;
    io.err(`chimera: sizes are unknown: ${error.message}\n`);
    return new Map();
  });
}

interface Fetching {
  cache: Cache | null;
  json: boolean;
  systems: Map<StorePath, Gathered | ChimeraError>;
}

async function fetchAll(
  io: Io,
  away: readonly WantedSystem[],
  { cache, json, systems }: Fetching,
): Promise<void> {
  const view = await createPushView(io, json, fetching);
  const copied: ClosureEntry[] = [];
  for (const { toplevel, leaf } of away) {
    if (cache === null || leaf === null) {
      systems.set(toplevel, new ChimeraError("closure-unavailable", "it is not in the local store"));
      continue;
    }
    const fetched = await fetchToplevel(io, leaf, { cache, view }).catch((error: unknown) => {
      if (!(error instanceof ChimeraError) || io.signal.aborted) throw error;
      return error;
    });
    if (fetched instanceof ChimeraError) {
      systems.set(toplevel, fetched);
      continue;
    }
    for (const entry of fetched.copied) copied.push(entry);
    systems.set(toplevel, { view: { root: planStore(io) }, closure: fetched.entries });
  }
  view.end(copied.length === 0 ? undefined : { paths: copied.length, narBytes: closureSize(copied) });
}
