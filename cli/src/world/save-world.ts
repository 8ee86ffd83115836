/** SHELL. Writes a world with all that proves it: whole or not at all. */
import { resolve } from "node:path";
import type { FleetReader } from "../documents/fleet-reader.ts";
import type { Io } from "../io.ts";
import { replaceFile } from "../replace-file.ts";
import type { ReadWorld } from "./read-world.ts";
import type { WorldFile } from "./world-file.ts";

export async function saveWorld(
  io: Io,
  { reader, world, path }: { reader: FleetReader; world: ReadWorld; path: string },
): Promise<void> {
  const { fleetId, chain } = reader;
  const file: WorldFile = {
    v: 1,
    kind: "chimera-world",
    fleetId,
    keySets: chain.map(({ envelope }) => envelope),
    head: world.head?.envelope ?? null,
    world: { v: 1, leaves: world.leaves },
  };
  await replaceFile(resolve(io.cwd, path), `${JSON.stringify(file)}\n`);
  io.err(`saved ${world.leaves.length} leaves to ${path}\n`);
}
