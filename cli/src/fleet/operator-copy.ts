/**
 * SHELL. What this operator has seen of a fleet, as it was signed: a controller that lost its data, or hides it, is
 * noticed, and its buckets can be filled again from here. $XDG_STATE_HOME/chimera/<fleetId>/. Each file is named by the
 * place of its document: of two commands that write at once neither can put back what the other one has seen.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { readBoundedFile } from "../documents/read-bounded.ts";
import { xdgFolder, type Io } from "../io.ts";
import { replaceFile } from "../replace-file.ts";
import { comparePlaces, placeInCopy, type CopyKind } from "./copy-place.ts";

export function copyFolder(io: Io, fleetId: FleetId): string {
  return join(xdgFolder(io, "XDG_STATE_HOME", ".local/state"), "chimera", fleetId);
}

/** The newest of its kind; undefined where none was seen. Throws state-invalid for a file that holds no signed document. */
export async function readCopy(folder: string, kind: CopyKind): Promise<Envelope | undefined> {
  const name = (await copiesOf(folder, kind)).at(-1)?.name;
  if (name === undefined) return undefined;
  return readOne(join(folder, name)).catch(async (error: unknown) => {
    // A command beside this one has replaced it by a newer one.
    if ((await copiesOf(folder, kind)).at(-1)?.name !== name) return readCopy(folder, kind);
    throw error;
  });
}

/** Keeps what is newer than all that was seen of its kind; what is older, or the same, changes nothing. */
export async function writeCopy(
  io: Io,
  fleetId: FleetId,
  { kind, envelope }: { kind: CopyKind; envelope: Envelope },
): Promise<void> {
  const folder = copyFolder(io, fleetId);
  const place = placeInCopy(kind, envelope);
  const newest = (await copiesOf(folder, kind)).at(-1);
  const order = newest === undefined ? 1 : comparePlaces(place, newest.place);
  // What is prepared for one head may be signed anew, by other keys.
  if (order < 0 || (order === 0 && kind !== "panic-ready")) return;
  await replaceFile(join(folder, `${kind}.${place.join(".")}.json`), `${JSON.stringify(envelope)}\n`);
  if (kind === "keys") return;
  for (const older of (await copiesOf(folder, kind)).slice(0, -1)) {
    await rm(join(folder, older.name), { force: true });
  }
}

/** Nobody has the head that was kept here before it was to be brought to anybody: what they have is kept in its place, or what was. */
export async function putBackHead(
  io: Io,
  fleetId: FleetId,
  { refused, instead }: { refused: Envelope; instead: Envelope | null },
): Promise<void> {
  const folder = copyFolder(io, fleetId);
  const newest = (await copiesOf(folder, "head")).at(-1)?.name;
  if (newest === undefined || (await readOne(join(folder, newest))).payload !== refused.payload) return;
  const name = instead === null ? null : `head.${placeInCopy("head", instead).join(".")}.json`;
  if (name !== null) await replaceFile(join(folder, name), `${JSON.stringify(instead)}\n`);
  if (name !== newest) await rm(join(folder, newest), { force: true });
}

/** The key sets that were seen, first to newest. Throws state-invalid where one between them is missing. */
export async function readKeyCopies(folder: string): Promise<Envelope[]> {
  const copies = await copiesOf(folder, "keys");
  const gap = copies.findIndex(({ place }, i) => place[0] !== i + 1);
  if (gap !== -1) throw new ChimeraError("state-invalid", `${folder}: keys.${gap + 1}.json is missing`);
  return Promise.all(copies.map(({ name }) => readOne(join(folder, name))));
}

/** Of one version; undefined where none was seen. Throws state-invalid for a file that holds no signed document. */
export async function readKeyCopy(folder: string, version: number): Promise<Envelope | undefined> {
  const found = (await copiesOf(folder, "keys")).find(({ place }) => place[0] === version);
  return found === undefined ? undefined : readOne(join(folder, found.name));
}

async function readOne(path: string): Promise<Envelope> {
  return readBoundedFile(path, Envelope).catch((cause: unknown) => {
    const what = `${path} is damaged: restore it, or remove it to forget what was seen`;
    throw new ChimeraError("state-invalid", what, { cause });
  });
}

/** Oldest first. */
async function copiesOf(folder: string, kind: CopyKind): Promise<{ name: string; place: number[] }[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new ChimeraError("file-unreadable", folder, { cause });
  });
  return names
    .flatMap((name) => {
      const numbers = /^([a-z-]+)((?:\.(?:0|[1-9]\d{0,15}))+)\.json$/u.exec(name);
      if (numbers?.[1] !== kind) return [];
      return [{ name, place: (numbers[2] ?? "").slice(1).split(".").map(Number) }];
    })
    .toSorted((a, b) => comparePlaces(a.place, b.place));
}
