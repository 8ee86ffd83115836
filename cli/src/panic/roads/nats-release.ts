/**
 * SHELL. A panic written straight to NATS, by compare-and-set, over nothing that is newer. Whoever listens hears the write itself,
 * also where JetStream refuses or cannot store it.
 */
import { ChimeraError } from "@chimera/proto/errors";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { comparePlace, showPlace } from "@chimera/proto/signed/place";
import { subjects } from "@chimera/proto/subjects";
import { openSignedPanic } from "../../documents/open-signed.ts";
import {
  verifyHead,
  verifyPanic,
  type Trust,
  type VerifiedHead,
  type VerifiedPanic,
} from "../../fleet/verify-documents.ts";
import type { NatsLink } from "../../nats/connection.ts";
import { judgeStored, type StoredLook } from "../judge-stored.ts";
import { readDocument } from "./nats-documents.ts";
import { writePanic } from "./nats-write.ts";
import type { PanicGround } from "./panic-road.ts";

const attempts = 16;

export interface ReleaseParts extends Pick<PanicGround, "fleetId" | "chain" | "head"> {
  link: NatsLink;
  trust: Trust;
}

export interface PanicToStore {
  envelope: Envelope;
  /** Whoever listens has heard it already. */
  isSent: boolean;
}

/** `stored`: as the store has it, another operator's too. `expectedRevision` is what a message may be stored over. */
export type StoreOutcome =
  | { kind: "stored"; envelope: Envelope }
  | { kind: "not-stored"; isSent: boolean; expectedRevision: number; why: string };

/**
 * Throws panic-void where another head, or the panic of one, is newer than what it undoes; order-equivocation where a panic of
 * the same head leads elsewhere.
 */
export async function storePanic(parts: ReleaseParts, panic: PanicToStore): Promise<StoreOutcome> {
  const { head, chain } = parts;
  let { isSent } = panic;
  let expectedRevision = 0;
  const notStored = (why: string): StoreOutcome => ({ kind: "not-stored", isSent, expectedRevision, why });
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const look = await lookAround(parts);
    if (look.kind === "unanswered") return notStored(look.why);
    expectedRevision = look.revision;
    const own = { ...openSignedPanic(chain, panic.envelope), isSent };
    if (judgeStored(look, { head, own }) === "stored" && look.panic !== null) {
      return { kind: "stored", envelope: look.panic.envelope };
    }
    const written = await writePanic(parts, panic.envelope, look.revision);
    isSent ||= written.isSent;
    if (written.kind === "not-stored") return notStored(written.why);
    if (written.kind === "moved") continue;
    await checkStillNewest(parts, written.revision);
    return { kind: "stored", envelope: panic.envelope };
  }
  return notStored(`others wrote to the fleet's panic ${attempts} times meanwhile`);
}

/** The panic first: a head that was stored after it was read is seen, and one that was stored with its panic moves the revision. */
async function lookAround(parts: ReleaseParts): Promise<StoredLook | { kind: "unanswered"; why: string }> {
  const { link, fleetId } = parts;
  const stored = await readDocument(link, subjects.desiredGet("panic", fleetId));
  if (stored.kind === "unanswered") return stored;
  const shown = await readDocument(link, subjects.desiredGet("head", fleetId));
  if (shown.kind === "unanswered") return shown;
  const envelope = stored.kind === "found" ? stored.envelope : null;
  const panic = envelope === null ? null : genuinePanic(parts, envelope);
  const head = shown.kind === "found" ? genuineHead(parts, shown.envelope) : null;
  const { revision } = stored;
  return {
    kind: "seen",
    panic,
    revision,
    head: head === null ? null : { ...head, revision: shown.revision },
  };
}

/** A head that was stored before it, and after we looked, makes it void: nobody may believe that this one is undone. */
async function checkStillNewest(parts: ReleaseParts, revision: number): Promise<void> {
  const { link, fleetId, head } = parts;
  const now = await readDocument(link, subjects.desiredGet("head", fleetId));
  if (now.kind !== "found" || now.revision > revision) return;
  const other = genuineHead(parts, now.envelope);
  if (other === null || comparePlace(other.head, head.head) <= 0) return;
  const [mine, newest] = [showPlace(head.head), showPlace(other.head)];
  throw new ChimeraError(
    "panic-void",
    `head ${newest} was stored right before the panic of ${mine}, which is void by that: run this again to undo ${newest} (nodes that heard this one first wait for that, too)`,
  );
}

function genuineHead({ trust }: ReleaseParts, envelope: Envelope): VerifiedHead | null {
  return genuine(() => verifyHead({ id: sha256(payloadOf(envelope, "head")), envelope }, trust));
}

/** By the newest keys alone, as nodes go: one that they refuse must not stand for the one that they take. */
function genuinePanic({ trust }: ReleaseParts, envelope: Envelope): VerifiedPanic | null {
  const known = new Set<never>();
  return genuine(() =>
    verifyPanic({ id: sha256(payloadOf(envelope, "panic")), envelope }, { ...trust, known }),
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
