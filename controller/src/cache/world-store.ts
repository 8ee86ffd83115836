/** SHELL. Worlds by their id; the newest few stay in memory with the proofs of all their leaves. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { WorldId } from "@chimera/proto/names";
import { sortLeaves, World, worldId, type LeafProof } from "@chimera/proto/signed/world";
import { allProofs } from "@chimera/proto/signed/all-proofs";
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

interface Remembered {
  world: World;
  /** Made when the first node asks. */
  proofs: Map<string, LeafProof> | undefined;
}

export function openWorldStore(directory: string): WorldStore {
  const recent = new Map<WorldId, Remembered>();
  const reading = new Map<WorldId, Promise<Remembered | undefined>>();
  const path = (id: WorldId) => join(directory, "worlds", `${id}.json`);
  function remember(id: WorldId, world: World): Remembered {
    const entry = { world, proofs: undefined };
    recent.set(id, entry);
    for (const old of [...recent.keys()].slice(0, -kept)) recent.delete(old);
    return entry;
  }
  async function read(id: WorldId) {
    const world = await readWorld(path(id));
    return world === undefined ? undefined : (recent.get(id) ?? remember(id, world));
  }
  /** After a start a thousand nodes ask at once: the file is read and parsed for all of them together. */
  async function load(id: WorldId) {
    const known = recent.get(id);
    if (known !== undefined) return known;
    const begun = reading.get(id) ?? read(id).finally(() => reading.delete(id));
    reading.set(id, begun);
    return begun;
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
      const entry = await load(id);
      if (entry === undefined) throw new ChimeraError("world-unknown", `no world ${id}`);
      const proof = proofOf(entry, node);
      if (proof === undefined) throw new ChimeraError("node-unknown", `world ${id} has no node ${node}`);
      return proof;
    },
  };
}

function proofOf(entry: Remembered, node: string): LeafProof | undefined {
  entry.proofs ??= allProofs(entry.world.leaves);
  return entry.proofs.get(node);
}

async function readWorld(path: string): Promise<World | undefined> {
  try {
    return World.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    if (isNoEntry(cause)) return undefined;
    throw new ChimeraError("state-invalid", path, { cause });
  }
}
