/**
 * SHELL. The newest worlds that this operator has seen: whom a panic concerns, and by which keys they answer, must be known also
 * when the controller is not there. A world is named by its content, so a copy proves itself.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, WorldId } from "@chimera/proto/names";
import { canonicalBytes } from "@chimera/proto/signed/canonical";
import { World, worldId, type Leaf } from "@chimera/proto/signed/world";
import { readBoundedFile } from "../documents/read-bounded.ts";
import type { Io } from "../io.ts";
import { replaceFile } from "../replace-file.ts";
import { copyFolder } from "./operator-copy.ts";

const kept = 4;

/** Once: a world that is there already is not written again. */
export async function keepWorld(
  io: Io,
  fleetId: FleetId,
  { id, leaves }: { id: WorldId; leaves: readonly Leaf[] },
): Promise<void> {
  const folder = copyFolder(io, fleetId);
  const path = join(folder, nameOf(id));
  if ((await modifiedMs(path)) !== null) return;
  await replaceFile(path, canonicalBytes({ v: 1, leaves: [...leaves] }).toString("utf8"));
  const names = (await readdir(folder)).filter((name) => /^world\.[0-9a-f]{64}\.json$/u.test(name));
  const found = await Promise.all(
    names.map(async (name) => ({ name, at: (await modifiedMs(join(folder, name))) ?? 0 })),
  );
  for (const { name } of found.toSorted((a, b) => b.at - a.at).slice(kept)) {
    await rm(join(folder, name), { force: true });
  }
}

/** Null where none was kept, or the copy is not that world any more. */
export async function keptWorld(io: Io, fleetId: FleetId, id: WorldId): Promise<Leaf[] | null> {
  try {
    const { leaves } = await readBoundedFile(join(copyFolder(io, fleetId), nameOf(id)), World);
    return worldId(leaves) === id ? leaves : null;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}

function nameOf(id: WorldId): string {
  return `world.${id}.json`;
}

async function modifiedMs(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  );
}
