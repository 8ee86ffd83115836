/**
 * SHELL. What this operator has seen of a fleet, as it was signed: a controller that lost its data, or hides it, is
 * noticed, and its buckets can be filled again from here. $XDG_STATE_HOME/chimera/<fleetId>/.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { parseJson } from "../api/http.ts";
import { xdgFolder, type Io } from "../io.ts";
import { replaceFile } from "../replace-file.ts";

/** `keys.<n>` is key set n; the others are the newest of their kind. */
export type CopyName = "head" | "panic" | "panic-ready" | "quarantine" | `keys.${number}`;

export function copyFolder(io: Io, fleetId: FleetId): string {
  return join(xdgFolder(io, "XDG_STATE_HOME", ".local/state"), "chimera", fleetId);
}

/** Undefined where none was seen; throws state-invalid for a file that holds no signed document. */
export async function readCopy(io: Io, fleetId: FleetId, name: CopyName): Promise<Envelope | undefined> {
  const path = join(copyFolder(io, fleetId), `${name}.json`);
  const text = await readFile(path, "utf8").catch(absent(path));
  if (text === undefined) return undefined;
  const envelope = Envelope.safeParse(parseJson(text));
  if (envelope.success) return envelope.data;
  throw new ChimeraError(
    "state-invalid",
    `${path} is damaged: restore it, or remove it to forget what was seen`,
  );
}

export async function writeCopy(
  io: Io,
  fleetId: FleetId,
  { name, envelope }: { name: CopyName; envelope: Envelope },
): Promise<void> {
  await replaceFile(join(copyFolder(io, fleetId), `${name}.json`), `${JSON.stringify(envelope)}\n`);
}

/** The key sets that were seen, first to newest. Throws state-invalid where one between them is missing. */
export async function readKeyCopies(io: Io, fleetId: FleetId): Promise<Envelope[]> {
  const folder = copyFolder(io, fleetId);
  const names = (await readdir(folder).catch(absent(folder))) ?? [];
  const versions = names.flatMap((name) => {
    const version = /^keys\.([1-9]\d{0,8})\.json$/u.exec(name)?.[1];
    return version === undefined ? [] : [Number(version)];
  });
  const envelopes: Envelope[] = [];
  for (const version of versions.toSorted((a, b) => a - b)) {
    const envelope = await readCopy(io, fleetId, `keys.${version}`);
    if (envelope === undefined || version !== envelopes.length + 1) {
      throw new ChimeraError("state-invalid", `${folder}: keys.${envelopes.length + 1}.json is missing`);
    }
    envelopes.push(envelope);
  }
  return envelopes;
}

function absent(path: string) {
  return (cause: unknown): undefined => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new ChimeraError("file-unreadable", path, { cause });
  };
}
