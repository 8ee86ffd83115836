/** SHELL. The two sides of a diff: worlds by any of their names, or two systems that nodes of the history run or ran. */
import { ChimeraError } from "@chimera/proto/errors";
import { StorePath } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import { verifiedWorld } from "../fleet/current-fleet.ts";
import { knownHeads, type FleetReader } from "../documents/fleet-reader.ts";
import type { Io } from "../io.ts";
import { headText, readWorld } from "../world/read-world.ts";

export interface Side {
  /** "world 5f… of head 0.7 by anna", or the path. */
  title: string;
  /** Of the world; of a system its path. */
  id: string;
  leaves: Leaf[];
}

export async function readSides(
  io: Io,
  reader: FleetReader,
  [from, to]: readonly [from: string, to: string | undefined],
): Promise<[Side, Side]> {
  const [a, b] = [from, to].map((word) => StorePath.safeParse(word).data);
  if (a !== undefined && b !== undefined) {
    const found = await findSystems(io, reader, [a, b]);
    return [systemSide(a, found), systemSide(b, found)];
  }
  if (a !== undefined || b !== undefined) {
    throw new ChimeraError(
      "usage",
      "a system is compared with another system: name two store paths, or two worlds",
    );
  }
  return [await worldSide(io, reader, from), await worldSide(io, reader, to)];
}

async function worldSide(io: Io, reader: FleetReader, word: string | undefined): Promise<Side> {
  const world = await readWorld(io, reader, word);
  const title = world.why === "" ? headText(world) : `${headText(world)}; ${world.why}`;
  return { title, id: world.id, leaves: world.leaves };
}

/** A leaf of any world says what a system's closure is: which node's does not matter, but all must say the same. */
function systemSide(path: StorePath, found: ReadonlyMap<StorePath, Leaf>): Side {
  const leaf = found.get(path);
  if (leaf !== undefined) return { title: path, id: path, leaves: [leaf] };
  throw new ChimeraError(
    "world-unknown",
    `${path}: no world of the history has it, so nobody has signed what is in it (a system is named by its whole path)`,
  );
}

/** Newest world first; no more worlds are read than it takes. */
async function findSystems(
  io: Io,
  reader: FleetReader,
  paths: readonly StorePath[],
): Promise<Map<StorePath, Leaf>> {
  const found = new Map<StorePath, Leaf>();
  const worlds = new Set((await knownHeads(io, reader)).map(({ head }) => head.world));
  for (const world of worlds) {
    if (paths.every((path) => found.has(path))) break;
    const leaves = await verifiedWorld(reader.api, world).catch((error: unknown) => {
      if (error instanceof ChimeraError && error.code === "world-unknown") return [];
      throw error;
    });
    for (const leaf of leaves) {
      if (paths.includes(leaf.toplevel) && !found.has(leaf.toplevel)) found.set(leaf.toplevel, leaf);
    }
  }
  return found;
}
