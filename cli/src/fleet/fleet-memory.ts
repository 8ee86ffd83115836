/** SHELL. The newest head this operator has seen: a controller that lost its data, or hides it, is noticed before it is built upon. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { comparePlace, type Head } from "@chimera/proto/signed/head";
import { Count, Digest, WorldId, type FleetId } from "@chimera/proto/names";
import { z } from "zod";
import { parseJson } from "../api/http.ts";
import { xdgFolder, type Io } from "../io.ts";
import { replaceFile } from "../replace-file.ts";

export const Seen = z.object({ v: z.literal(1), epoch: Count, serial: Count, id: Digest, world: WorldId });
export type Seen = z.infer<typeof Seen>;

export async function readSeen(io: Io, fleetId: FleetId): Promise<Seen | undefined> {
  const path = memoryPath(io, fleetId);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new ChimeraError("file-unreadable", path, { cause });
  });
  if (text === undefined) return undefined;
  const seen = Seen.safeParse(parseJson(text));
  if (seen.success) return seen.data;
  throw new ChimeraError("state-invalid", `${path}: remove it to forget the newest head that was seen here`);
}

export async function writeSeen(io: Io, head: Head, id: Digest): Promise<void> {
  const seen: Seen = { v: 1, epoch: head.epoch, serial: head.serial, id, world: head.world };
  await replaceFile(memoryPath(io, head.fleetId), `${JSON.stringify(seen)}\n`);
}

/** Throws order-stale when the controller's newest head is older than, or not, the one that was seen. */
export function checkMemory(seen: Seen | undefined, newest: { head: Head; id: Digest } | null): void {
  if (seen === undefined) return;
  const order = newest === null ? -1 : comparePlace(newest.head, seen);
  if (order > 0 || (order === 0 && newest?.id === seen.id)) return;
  const shown = newest === null ? "no head" : `head ${newest.head.serial}`;
  throw new ChimeraError(
    "order-stale",
    `the controller shows ${shown}, but head ${seen.serial} was published from here: it lost data or hides it`,
  );
}

function memoryPath(io: Io, fleetId: FleetId): string {
  return join(xdgFolder(io, "XDG_STATE_HOME", ".local/state"), "chimera", `${fleetId}.json`);
}
