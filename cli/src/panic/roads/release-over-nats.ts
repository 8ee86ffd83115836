/** SHELL. Releases a panic in NATS, and tries on where JetStream does not store it: what is not stored is nothing to a node that is not there. */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { OpenedPanic } from "@chimera/proto/signed/panic";
import { subjects } from "@chimera/proto/subjects";
import { openSignedPanic } from "../../documents/open-signed.ts";
import type { Io } from "../../io.ts";
import { printable } from "../../print/printable.ts";
import { envelopeOf } from "./nats-documents.ts";
import { storePanic, type PanicToStore, type ReleaseParts, type StoreOutcome } from "./nats-release.ts";
import type { Released } from "./panic-road.ts";

const againMs = 1_000;

export interface RoadParts extends ReleaseParts {
  /** Aborted when nobody watches any more. */
  closed: AbortSignal;
}

export async function releaseOver(
  io: Pick<Io, "err">,
  parts: RoadParts,
  envelope: Envelope,
): Promise<Released> {
  const own = openSignedPanic(parts.chain, envelope);
  const panics = new Map([[own.id, envelope]]);
  const note = (other: Envelope | null): void => {
    const opened = other === null ? null : genuine(parts, other);
    const isSame = opened?.panic.undoes === own.panic.undoes && opened.panic.world === own.panic.world;
    if (other !== null && isSame) panics.set(opened.id, other);
  };
  // Other operators may release theirs in the same moment: nodes name the first that they heard.
  parts.link.subscribe(subjects.desired("panic", parts.fleetId), (data) => note(envelopeOf(data)));
  const first = await sendOrStore(parts, { envelope, isSent: false });
  const storage = first.kind === "stored" ? alwaysStored : storeLater(io, parts, { envelope, first, note });
  if (first.kind === "stored") note(first.envelope);
  const id = first.kind === "stored" ? openSignedPanic(parts.chain, first.envelope).id : own.id;
  return { id, panics: () => panics, isStored: storage };
}

const alwaysStored = () => true;

/** Each who listens hears it once: as the write, or as a message that JetStream stores over nothing that came meanwhile. */
async function sendOrStore(parts: RoadParts, panic: PanicToStore): Promise<StoreOutcome> {
  const outcome = await storePanic(parts, panic);
  if (outcome.kind === "stored" || outcome.isSent) return outcome;
  const { expectedRevision } = outcome;
  const subject = subjects.desired("panic", parts.fleetId);
  parts.link.publish(subject, JSON.stringify(panic.envelope), { expectedRevision });
  await parts.link.flush();
  return { ...outcome, isSent: true };
}

interface Later {
  envelope: Envelope;
  first: StoreOutcome & { kind: "not-stored" };
  note: (stored: Envelope) => void;
}

/** Beside the watch; answers whether it is stored, and throws what has made it void meanwhile. */
function storeLater(io: Pick<Io, "err">, parts: RoadParts, { envelope, first, note }: Later): () => boolean {
  let state: { kind: "waiting" | "stored" } | { kind: "failed"; error: unknown } = { kind: "waiting" };
  io.err(
    `chimera: the panic is not stored (${printable(first.why)}): the nodes that listen now have heard it; it is stored as soon as JetStream takes it\n`,
  );
  const tryOn = async (): Promise<void> => {
    for (let { isSent } = first; state.kind === "waiting";) {
      await delay(againMs, undefined, { signal: parts.closed });
      const outcome = await sendOrStore(parts, { envelope, isSent }).catch(nullWhileAway);
      if (outcome?.kind === "stored") {
        note(outcome.envelope);
        state = { kind: "stored" };
      } else isSent = outcome?.isSent ?? isSent;
    }
    io.err("chimera: JetStream has the panic now\n");
  };
  tryOn().catch((error: unknown) => {
    // Closed: nobody watches any more, and isStored has told.
    if (!parts.closed.aborted) state = { kind: "failed", error };
  });
  return () => {
    if (state.kind === "failed") throw state.error;
    return state.kind === "stored";
  };
}

function nullWhileAway(error: unknown): null {
  if (error instanceof ChimeraError && errorCodes[error.code].retry === "backoff") return null;
  throw error;
}

function genuine({ chain }: ReleaseParts, envelope: Envelope): OpenedPanic | null {
  try {
    return openSignedPanic(chain, envelope);
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
