/**
 * SHELL. That this operator knows that the store is behind, since `chimera reseed` said so: only then a publication is made on
 * top of the copy instead of on what the controller shows. It counts for one head.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { Digest, type FleetId } from "@chimera/proto/names";
import { z } from "zod";
import { parseJson } from "../api/http.ts";
import { copyFolder } from "../fleet/operator-copy.ts";
import type { Io } from "../io.ts";
import { replaceFile } from "../replace-file.ts";

const ReseedMark = z.object({
  v: z.literal(1),
  /** Id of the copy's head. */
  head: Digest,
});

export async function writeMark(io: Io, fleetId: FleetId, head: Digest): Promise<void> {
  await replaceFile(
    markPath(io, fleetId),
    `${JSON.stringify({ v: 1, head } satisfies z.infer<typeof ReseedMark>)}\n`,
  );
}

/** Null where there is none. */
export async function readMark(io: Io, fleetId: FleetId): Promise<Digest | null> {
  const path = markPath(io, fleetId);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new ChimeraError("file-unreadable", path, { cause });
  });
  if (text === undefined) return null;
  const mark = ReseedMark.safeParse(parseJson(text));
  if (mark.success) return mark.data.head;
  throw new ChimeraError("state-invalid", `${path} is damaged: remove it, then run chimera reseed again`);
}

export async function removeMark(io: Io, fleetId: FleetId): Promise<void> {
  await rm(markPath(io, fleetId), { force: true });
}

function markPath(io: Io, fleetId: FleetId): string {
  return join(copyFolder(io, fleetId), "reseeded.json");
}
