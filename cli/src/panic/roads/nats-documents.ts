/** SHELL. Signed documents of the fleet straight from NATS: bounded, and proved by whoever reads them here. */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { Envelope } from "@chimera/proto/signed/envelope";
import { parseJson } from "../../api/http.ts";
import type { NatsLink } from "../../nats/connection.ts";

const maxBytes = 2 << 20;
const nothingThere = 404;

/** `garbage`: something lies there that is no signed document. `unanswered`: JetStream does not say, or not now. */
export type StoredDocument =
  | { kind: "found"; envelope: Envelope; revision: number }
  | { kind: "garbage"; revision: number }
  | { kind: "none"; revision: number }
  | { kind: "unanswered"; why: string };

/** `subject` is one of the `…Get` subjects. */
export async function readDocument(
  link: Pick<NatsLink, "request">,
  subject: string,
): Promise<StoredDocument> {
  try {
    const { data, code, revision } = await link.request(subject, "");
    if (code !== 0 && code !== nothingThere) return { kind: "unanswered", why: `JetStream answers ${code}` };
    if (code !== 0 || data.length === 0) return { kind: "none", revision };
    const envelope = envelopeOf(data);
    return envelope === null ? { kind: "garbage", revision } : { kind: "found", envelope, revision };
  } catch (error) {
    if (error instanceof ChimeraError) return { kind: "unanswered", why: errorChain(error) };
    throw error;
  }
}

/** Null for what is no envelope. */
export function envelopeOf(data: Uint8Array): Envelope | null {
  if (data.length > maxBytes) return null;
  return Envelope.safeParse(parseJson(Buffer.from(data).toString("utf8"))).data ?? null;
}
