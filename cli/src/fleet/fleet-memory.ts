/** SHELL. The newest head and panic this operator has seen: what a controller lost, or hides, is noticed before it is built upon. */
import type { FleetId } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { parsePayload, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import { Panic, panicPlace } from "@chimera/proto/signed/panic";
import { comparePlace, showPlace } from "@chimera/proto/signed/place";
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../io.ts";
import type { Seen } from "./newest-document.ts";
import { copyFolder, readCopy, writeCopy } from "./operator-copy.ts";

/** Verified when they were written. Newest last. */
export async function readSeen(io: Io, fleetId: FleetId): Promise<Seen[]> {
  const head = await readCopy(copyFolder(io, fleetId), "head");
  const panic = await readCopy(copyFolder(io, fleetId), "panic");
  const seen = [
    ...(head === undefined ? [] : [seenHead(head)]),
    ...(panic === undefined ? [] : [seenPanic(panic)]),
  ];
  return seen.toSorted((a, b) => comparePlace(a.place, b.place));
}

export async function rememberHead(io: Io, fleetId: FleetId, envelope: Envelope): Promise<void> {
  await writeCopy(io, fleetId, { kind: "head", envelope });
}

export async function rememberPanic(io: Io, fleetId: FleetId, envelope: Envelope): Promise<void> {
  await writeCopy(io, fleetId, { kind: "panic", envelope });
}

/** Throws order-stale when the controller's newest document is older than, or not, the one that was seen. */
export function checkMemory(seen: readonly Seen[], newest: Seen | null): void {
  const last = seen.at(-1);
  if (last === undefined) return;
  const order = newest === null ? -1 : comparePlace(newest.place, last.place);
  if (order > 0 || (order === 0 && newest?.id === last.id)) return;
  const shown = newest === null ? "no head" : nameOf(newest);
  const other = order === 0 ? "another " : "";
  throw new ChimeraError(
    "order-stale",
    `the controller shows ${other}${shown}, but ${nameOf(last)} was seen here: it lost data ("chimera reseed" brings them back) or hides it`,
  );
}

function nameOf({ place }: Seen): string {
  return `head ${showPlace(place)}`;
}

function seenHead(envelope: Envelope): Seen {
  const payload = payloadOf(envelope, "head");
  const { epoch, serial } = parsePayload(payload, Head);
  return { place: { epoch, serial, rank: 0 }, id: sha256(payload) };
}

function seenPanic(envelope: Envelope): Seen {
  const payload = payloadOf(envelope, "panic");
  return { place: panicPlace(parsePayload(payload, Panic)), id: sha256(payload) };
}
