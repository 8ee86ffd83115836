/** SHELL. Signed documents of the fleet straight from NATS: bounded, and proved by whoever reads them here. */
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { parseJson } from "../api/http.ts";
import { copyFolder, readKeyCopies } from "../fleet/operator-copy.ts";
import type { Io } from "../io.ts";
import type { NatsLink } from "../nats/connection.ts";

const maxBytes = 2 << 20;
const maxKeySets = 1024;

/** `garbage`: something lies there that is no signed document. `unanswered`: JetStream does not say. */
export type StoredDocument =
  | { kind: "found"; envelope: Envelope; revision: number }
  | { kind: "garbage"; revision: number }
  | { kind: "none"; revision: number }
  | { kind: "unanswered" };

/** `subject` is one of the `…Get` subjects. */
export async function readDocument(
  link: Pick<NatsLink, "request">,
  subject: string,
): Promise<StoredDocument> {
  try {
    const { data, code, revision } = await link.request(subject, "");
    if (code !== 0 || data.length === 0) return { kind: "none", revision };
    const envelope = envelopeOf(data);
    return envelope === null ? { kind: "garbage", revision } : { kind: "found", envelope, revision };
  } catch (error) {
    if (error instanceof ChimeraError) return { kind: "unanswered" };
    throw error;
  }
}

/** Null for what is no envelope. */
export function envelopeOf(data: Uint8Array): Envelope | null {
  if (data.length > maxBytes) return null;
  return Envelope.safeParse(parseJson(Buffer.from(data).toString("utf8"))).data ?? null;
}

/** This operator's own key sets, and those that follow them in NATS. Throws server-unreachable where there is none at all. */
export async function keySetsOf(
  io: Io,
  link: Pick<NatsLink, "request">,
  fleetId: FleetId,
): Promise<Envelope[]> {
  const keySets = await readKeyCopies(copyFolder(io, fleetId));
  while (keySets.length < maxKeySets) {
    const next = await readDocument(link, subjects.keySetGet(fleetId, keySets.length + 1));
    if (next.kind !== "found") break;
    keySets.push(next.envelope);
  }
  if (keySets.length > 0) return keySets;
  const what =
    "neither this machine nor NATS has a key set of the fleet: nothing can be verified (where the controller answers, any command keeps a copy)";
  throw new ChimeraError("server-unreachable", what);
}
