/**
 * SHELL. What a fleet shall run, as a lead reads it that is no node of it: it needs no leaf and keeps no state, since it can
 * change nothing that is signed. Keys are walked from the pinned set; what is older than what was seen before is not taken.
 */
import type { Log } from "@chimera/proto/log";
import type { FleetId } from "@chimera/proto/names";
import { openHead, type OpenedHead } from "@chimera/proto/signed/head";
import { judgeKeySet, openPinnedKeySet, type OpenedKeySet } from "@chimera/proto/signed/key-set";
import { openPanic, panicPlace, type Panic } from "@chimera/proto/signed/panic";
import { comparePlace, type Place, type PlaceLike } from "@chimera/proto/signed/place";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { subjects } from "@chimera/proto/subjects";
import type { Connection } from "../connection.ts";
import { readEnvelope } from "../look/read-stored.ts";

export interface Standing {
  keys: OpenedKeySet;
  /** The newest head that was seen; null before any, and once a panic undid it. */
  head: OpenedHead | null;
}

export interface StandingSource {
  connection: Connection;
  fleetId: FleetId;
  /** Of any version. */
  trustedKeys: Envelope;
  log: Log;
}

/** More than a fleet will ever have; the walk goes on at the next look. */
const keySetsPerLook = 64;

/** Throws fleet-mismatch or signature-invalid for pinned keys that do not fit. What nobody answers changes nothing. */
export function createStandingReader(source: StandingSource): () => Promise<Standing> {
  let keys = openPinnedKeySet(source.trustedKeys, source.fleetId);
  let head: OpenedHead | null = null;
  let undone: PlaceLike | null = null;
  return async () => {
    keys = await walk(source, keys);
    const { publish, panic } = keys.set.roles;
    const [newHead, newPanic] = await Promise.all([
      readOpened(source, "head", (envelope) => withFleet(openHead(envelope, publish))),
      readOpened(source, "panic", (envelope) => placed(openPanic(envelope, panic).panic)),
    ]);
    if (newHead !== null && isAbove(newHead.head, head?.head ?? null)) head = newHead;
    if (newPanic !== null && isAbove(newPanic.place, undone)) undone = newPanic.place;
    return { keys, head: head !== null && undone !== null && isAbove(undone, head.head) ? null : head };
  };
}

function isAbove(place: PlaceLike, other: PlaceLike | null): boolean {
  return other === null || comparePlace(place, other) > 0;
}

/** Null where there is none, and where it is not this fleet's or nobody signed it. */
async function readOpened<T extends { fleetId: FleetId }>(
  { connection, fleetId, log }: StandingSource,
  kind: "head" | "panic",
  open: (envelope: Envelope) => T,
): Promise<T | null> {
  const found = await readEnvelope(connection, subjects.desiredGet(kind, fleetId));
  if (found.kind !== "found") return null;
  try {
    const opened = open(found.value);
    return opened.fleetId === fleetId ? opened : null;
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log.debug({ kind, reason: errorChain(error) }, "stored document was not taken");
    return null;
  }
}

function placed(panic: Panic): { fleetId: FleetId; place: Place } {
  return { fleetId: panic.fleetId, place: panicPlace(panic) };
}

function withFleet(opened: OpenedHead): OpenedHead & { fleetId: FleetId } {
  return { ...opened, fleetId: opened.head.fleetId };
}

/** One after the other, until there is no next one. */
async function walk({ connection, fleetId }: StandingSource, from: OpenedKeySet): Promise<OpenedKeySet> {
  let keys = from;
  for (let count = 0; count < keySetsPerLook; count += 1) {
    const found = await readEnvelope(connection, subjects.keySetGet(fleetId, keys.set.version + 1));
    if (found.kind !== "found") return keys;
    const verdict = judgeKeySet(keys, found.value);
    if (verdict.kind !== "next") return keys;
    keys = verdict.opened;
  }
  return keys;
}
