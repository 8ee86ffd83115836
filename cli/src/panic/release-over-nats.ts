/** SHELL. Releases a panic in NATS, and tries on where JetStream is away: what is not stored is nothing to a node that is not there. */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { OpenedPanic } from "@chimera/proto/signed/panic";
import { subjects } from "@chimera/proto/subjects";
import { openSignedPanic } from "../documents/open-signed.ts";
import type { Io } from "../io.ts";
import { printable } from "../print/printable.ts";
import { envelopeOf } from "./nats-documents.ts";
import { storePanic, type ReleaseParts } from "./nats-release.ts";
import type { Released } from "./panic-road.ts";

const againMs = 1_000;

export interface RoadParts extends ReleaseParts {
  /** Aborted when nobody watches any more. */
  closed: AbortSignal;
}

export async function releaseOver(io: Io, parts: RoadParts, envelope: Envelope): Promise<Released> {
  const { link, fleetId, closed } = parts;
  const own = openSignedPanic(parts.chain, envelope);
  const panics = new Map([[own.id, envelope]]);
  const note = (other: Envelope | null): void => {
    const opened = other === null ? null : genuine(parts, other);
    const isSame = opened?.panic.undoes === own.panic.undoes && opened.panic.world === own.panic.world;
    if (other !== null && isSame) panics.set(opened.id, other);
  };
  // Other operators may release theirs in the same moment: nodes name the first that they heard.
  link.subscribe(subjects.desired("panic", fleetId), (data) => note(envelopeOf(data)));
  let stored = await storePanic(parts, envelope);
  if (stored === null) {
    link.publish(subjects.desired("panic", fleetId), JSON.stringify(envelope));
    await link.flush();
    io.err(
      "chimera: JetStream does not answer: the nodes that listen now have heard it; it is stored when JetStream is back\n",
    );
  }
  note(stored);
  const tryAgain = async (): Promise<void> => {
    while (stored === null) {
      await delay(againMs, undefined, { signal: closed });
      stored = await storePanic(parts, envelope).catch(nullWhileAway);
    }
    note(stored);
    io.err("chimera: JetStream is back, and has the panic\n");
  };
  if (stored === null) {
    tryAgain().catch((error: unknown) => {
      // Closed: nobody watches any more, and isStored has told.
      if (!closed.aborted) io.err(`chimera: the panic is not stored: ${printable(errorChain(error))}\n`);
    });
  }
  const id = stored === null ? own.id : openSignedPanic(parts.chain, stored).id;
  return { id, panics: () => panics, isStored: () => stored !== null };
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
