/**
 * SHELL. What a publication is made on top of where `chimera reseed` found that the store cannot be filled again: the newest
 * documents of this operator's copy, for as long as none newer was seen.
 */
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type DocumentKind, type Envelope } from "@chimera/proto/signed/envelope";
import type { CurrentFleet } from "../fleet/newest-document.ts";
import { copyFolder, readCopy } from "../fleet/operator-copy.ts";
import { verifyHead, verifyPanic, type Trust } from "../fleet/verify-documents.ts";
import type { Io } from "../io.ts";
import { readMark } from "./reseed-mark.ts";

export async function reseededCopy(
  io: Io,
  trust: Trust,
): Promise<Pick<CurrentFleet, "head" | "panic"> | null> {
  const { fleetId } = trust;
  const mark = await readMark(io, fleetId);
  const copy = mark === null ? undefined : await readCopy(copyFolder(io, fleetId), "head");
  if (copy === undefined) return null;
  const head = verifyHead(named("head", copy), trust);
  if (head.id !== mark) return null;
  const undo = await readCopy(copyFolder(io, fleetId), "panic");
  const panic = undo === undefined ? null : verifyPanic(named("panic", undo), trust);
  return { head, panic: panic?.panic.undoes === head.id ? panic : null };
}

function named(kind: DocumentKind, envelope: Envelope) {
  return { id: sha256(payloadOf(envelope, kind)), envelope };
}
