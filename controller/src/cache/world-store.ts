/** SHELL. Worlds by their id; the newest few stay in memory with the proofs of all their leaves. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { WorldId } from "@chimera/proto/names";
import { sortLeaves, World, worldId, type LeafProof } from "@chimera/proto/world";
import { allProofs } from "../fleet/all-proofs.ts";
import { isNoEntry } from "../files/durable-file.ts";
import { putText } from "./cache-store.ts";

/** The newest world, the one before it, and one that is being prepared. */
const kept = 3;

export interface WorldStore {
  /** Throws hash-mismatch when the id is not the world's root. */
  put(id: WorldId, world: World): Promise<World>;
  get(id: WorldId): Promise<World | undefined>;
  /** Throws world-unknown or node-unknown. */
  prove(id: WorldId, node: string): Promise<LeafProof>;
}

export function openWorldStore(directory: string): WorldStore {
  const recent = new Map<WorldId, { world: World; proofs: Map<string, LeafProof> | undefined }>();
  const path = (id: WorldId) => join(directory, "worlds", `${id}.json`);
  function remember(id: WorldId, world: World) {
    const entry = { world, proofs: undefined };
    recent.set(id, entry);
    for (const old of [...recent.keys()].slice(0, -kept)) recent.delete(old);
    return entry;
  }
  async function load(id: WorldId) {
    const known = recent.get(id);
    if (known !== undefined) return known;
    const world = await readWorld(path(id));
    return world === undefined ? undefined : (recent.get(id) ?? remember(id, world));
  }
  return {
    async put(id, { leaves }) {
      const found = worldId(leaves);
      if (found !== id)
        throw new ChimeraError("hash-mismatch", `world ${id}: its leaves have the root ${found}`);
      const world: World = { v: 1, leaves: sortLeaves(leaves) };
      await putText({ path: path(id), temporary: join(directory, "tmp"), text: JSON.stringify(world) });
      return remember(id, world).world;
    },
    get: async (id) => (await load(id))?.world,
    async prove(id, node) {
      const entry: { world: World; proofs: Map<string, LeafProof> | undefined } | undefined = await load(id);
      if (entry === undefined) throw new ChimeraError("world-unknown", `no world ${id}`);
      entry.proofs ??= allProofs(entry.world.leaves);
      const proof = entry.proofs.get(node);
      if (proof === undefined) throw new ChimeraError("node-unknown", `world ${id} has no node ${node}`);
      return proof;
    },
  };
}

async function readWorld(path: string): Promise<World | undefined> {
  try {
    return World.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    if (isNoEntry(cause)) return undefined;
    throw new ChimeraError("state-invalid", path, { cause });
  }
}
