/**
 * SHELL. A panic written straight to NATS, by compare-and-set. Nodes hear it as a message also where JetStream cannot store it;
 * then it is stored as soon as JetStream is back, for the nodes that are away.
 */
import { ChimeraError } from "@chimera/proto/errors";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { comparePlace, showPlace } from "@chimera/proto/signed/place";
import { subjects } from "@chimera/proto/subjects";
import { z } from "zod";
import { parseJson } from "../api/http.ts";
import { openSignedPanic } from "../documents/open-signed.ts";
import { verifyHead, type Trust } from "../fleet/verify-documents.ts";
import type { NatsLink } from "../nats/connection.ts";
import { readDocument } from "./nats-documents.ts";
import type { PanicGround } from "./panic-road.ts";

const attempts = 16;

const Answer = z.union([
  z.object({ error: z.object({ err_code: z.number().optional(), description: z.string().max(500) }) }),
  z.object({ stream: z.string(), seq: z.int().positive() }),
]);
/** "wrong last sequence", with and without the number that was found. */
const wrongLastSequence: readonly (number | undefined)[] = [10_071, 10_164];

export interface ReleaseParts extends Pick<PanicGround, "fleetId" | "chain" | "head"> {
  link: NatsLink;
  trust: Trust;
}

/** As the store has it; null where JetStream did not answer, and only those can have heard it who listen now. */
export async function storePanic(parts: ReleaseParts, envelope: Envelope): Promise<Envelope | null> {
  const { link, fleetId } = parts;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const stored = await readDocument(link, subjects.desiredGet("panic", fleetId));
    if (stored.kind === "unanswered") return null;
    if (stored.kind === "found" && isSamePanic(parts, stored.envelope, envelope)) return stored.envelope;
    const written = await write(parts, envelope, stored.revision);
    if (written === "unanswered") return null;
    if (written === "moved") continue;
    await checkStillNewest(parts, written);
    return envelope;
  }
  throw new ChimeraError("write-conflict", `others wrote to the fleet's panic ${attempts} times meanwhile`);
}

/** Another operator's for the same head and world is this one. Throws order-equivocation for one of another world. */
function isSamePanic({ chain, head }: ReleaseParts, stored: Envelope, own: Envelope): boolean {
  try {
    const { panic, id } = openSignedPanic(chain, stored);
    if (panic.undoes !== head.id) return false;
    if (panic.world === openSignedPanic(chain, own).panic.world) return true;
    throw new ChimeraError(
      "order-equivocation",
      `the stored panic ${id} undoes head ${showPlace(head.head)} too, but for world ${panic.world}: nodes keep the first`,
    );
  } catch (error) {
    if (error instanceof ChimeraError && error.code !== "order-equivocation") return false;
    throw error;
  }
}

async function write(
  { link, fleetId }: ReleaseParts,
  envelope: Envelope,
  expectedRevision: number,
): Promise<number | "moved" | "unanswered"> {
  const subject = subjects.desired("panic", fleetId);
  const data = await link.request(subject, JSON.stringify(envelope), { expectedRevision }).then(
    (answer) => answer.data,
    (error: unknown) => {
      if (error instanceof ChimeraError) return null;
      throw error;
    },
  );
  if (data === null) return "unanswered";
  const answer = Answer.safeParse(parseJson(Buffer.from(data).toString("utf8"))).data;
  if (answer === undefined) throw new ChimeraError("server-unreachable", "what answered is not JetStream");
  if ("seq" in answer) return answer.seq;
  if (wrongLastSequence.includes(answer.error.err_code)) return "moved";
  throw new ChimeraError("server-unreachable", `JetStream did not store it: ${answer.error.description}`);
}

/** A head that was stored before it, and after we looked, makes it void: nobody may believe that this one is undone. */
async function checkStillNewest(
  { link, fleetId, head, trust }: ReleaseParts,
  revision: number,
): Promise<void> {
  const now = await readDocument(link, subjects.desiredGet("head", fleetId));
  if (now.kind !== "found" || now.revision > revision) return;
  const id = sha256(payloadOf(now.envelope, "head"));
  if (id === head.id) return;
  const other = genuine(() => verifyHead({ id, envelope: now.envelope }, trust));
  if (other === null || comparePlace(other.head, head.head) <= 0) return;
  const [mine, newest] = [showPlace(head.head), showPlace(other.head)];
  throw new ChimeraError(
    "panic-void",
    `head ${newest} was stored right before the panic of ${mine}, which is void by that: run this again to undo ${newest} (nodes that heard this one first wait for that, too)`,
  );
}

/** Null for what nobody of the fleet signed. */
function genuine<T>(open: () => T): T | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
