/** SHELL. One write of a panic to JetStream, and what its answer means. */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { z } from "zod";
import { parseJson } from "../../api/http.ts";
import type { NatsLink } from "../../nats/connection.ts";

const Answer = z.union([
  z.object({ error: z.object({ err_code: z.number().optional(), description: z.string().max(500) }) }),
  z.object({ stream: z.string(), seq: z.int().positive() }),
]);
/** "wrong last sequence", with and without the number that was found. */
const wrongLastSequence: readonly (number | undefined)[] = [10_071, 10_164];

/** `isSent`: whoever listens has heard it, stored or not. */
export type Written =
  | { kind: "stored"; revision: number; isSent: true }
  | { kind: "moved"; isSent: true }
  | { kind: "not-stored"; why: string; isSent: boolean };

/** A full disk, a lost quorum and silence are one: not stored now, perhaps later. */
export async function writePanic(
  { link, fleetId }: { link: NatsLink; fleetId: FleetId },
  envelope: Envelope,
  expectedRevision: number,
): Promise<Written> {
  try {
    const subject = subjects.desired("panic", fleetId);
    const { data } = await link.request(subject, JSON.stringify(envelope), { expectedRevision });
    return meaningOf(Answer.safeParse(parseJson(Buffer.from(data).toString("utf8"))).data);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { kind: "not-stored", why: errorChain(error), isSent: await hasAll(link) };
  }
}

function meaningOf(answer: z.infer<typeof Answer> | undefined): Written {
  if (answer === undefined) {
    return { kind: "not-stored", why: "what answered is not JetStream", isSent: true };
  }
  if ("seq" in answer) return { kind: "stored", revision: answer.seq, isSent: true };
  const { err_code: code, description } = answer.error;
  if (wrongLastSequence.includes(code)) return { kind: "moved", isSent: true };
  return { kind: "not-stored", why: `JetStream refuses it: ${description}`, isSent: true };
}

/** What was written to a connection that broke is lost with it. */
async function hasAll(link: NatsLink): Promise<boolean> {
  return link.flush().then(
    () => true,
    (error: unknown) => {
      if (error instanceof ChimeraError) return false;
      throw error;
    },
  );
}
