/** SHELL. Entries of the bucket as the API shows them; what did not come through the front door is reported once. */
import type { StoredHead, StoredPanic } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { FleetId } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { openHead } from "@chimera/proto/signed/head";
import type { KeyRole } from "@chimera/proto/signed/key-set";
import { openOrder } from "@chimera/proto/signed/order";
import { openPanic } from "@chimera/proto/signed/panic";
import { showPlace } from "@chimera/proto/signed/place";
import type { JsMsg } from "nats";
import type { StoredOrder } from "../fleet/judge-new-order.ts";
import { rolesAt, type RoleThen } from "../fleet/key-chain.ts";
import type { KeyStore } from "./key-store.ts";
import { readEnvelope, storedMsOf } from "./read-envelope.ts";

/** More than a bucket keeps of one key. */
const remembered = 256;

interface Stored {
  envelope: Envelope;
  revision: number;
  storedAt: string;
}

/** Throws what is wrong with it. */
type Open<T> = (stored: Stored, role: RoleThen, fleetId: FleetId) => T;

export interface ReaderOptions {
  keyStore: KeyStore;
  fleetId: FleetId;
  log: Log;
}

/** Each entry is verified once, however often it is asked for; anew when other keys count. */
export function storedReader<T>(
  { keyStore, fleetId, log }: ReaderOptions,
  role: KeyRole,
  open: Open<T>,
): (messages: readonly JsMsg[]) => T[] {
  const opened = new Map<string, T | null>();
  let countedBy = "";
  function read(message: JsMsg): T | null {
    const envelope = readEnvelope(message, log);
    if (envelope === undefined) return null;
    const state = keyStore.current();
    const storedMs = storedMsOf(message);
    const stored = { envelope, revision: message.seq, storedAt: new Date(storedMs).toISOString() };
    const tried = rolesAt(state, { role, storedMs, since: state.since }).map((then) =>
      tryOpen(() => open(stored, then, fleetId)),
    );
    const found = tried.find(({ document }) => document !== undefined);
    if (found?.document !== undefined) return found.document;
    log.error(
      { subject: message.subject, revision: message.seq, error: tried[0]?.error },
      "stored document refused",
    );
    return null;
  }
  function readOnce(message: JsMsg): T | null {
    // Not by the revision alone: a server that lost its data counts from 1 again.
    const name = `${message.seq} ${sha256(message.data)}`;
    const known = opened.get(name);
    if (known !== undefined) return known;
    const document = read(message);
    if (opened.size >= remembered) opened.clear();
    opened.set(name, document);
    return document;
  }
  return (messages) => {
    const { id } = keyStore.current().newest;
    if (id !== countedBy) opened.clear();
    countedBy = id;
    return messages.map((message) => readOnce(message)).filter((document) => document !== null);
  };
}

function tryOpen<T>(open: () => T): { document?: T; error?: ChimeraError } {
  try {
    return { document: open() };
  } catch (error) {
    if (error instanceof ChimeraError) return { error };
    throw error;
  }
}

/** Only root begins an epoch: else who stole the publish key and writes straight to NATS would be above everybody for ever. */
export function openStoredHead(stored: Stored, { keys, epoch }: RoleThen, fleetId: FleetId): StoredHead {
  const { head, id, signedBy } = openHead(stored.envelope, keys);
  requireFleet(head, fleetId);
  if (head.epoch !== epoch) {
    throw new ChimeraError("order-jump", `head ${showPlace(head)} is not of epoch ${epoch}`);
  }
  return { id, ...stored, signedBy, head };
}

export function openStoredPanic(stored: Stored, { keys }: RoleThen, fleetId: FleetId): StoredPanic {
  const { panic, id, signedBy } = openPanic(stored.envelope, keys);
  requireFleet(panic, fleetId);
  return { id, ...stored, signedBy, panic };
}

export function openStoredOrder(
  { envelope, revision }: Omit<Stored, "storedAt">,
  { keys }: Pick<RoleThen, "keys">,
  fleetId: FleetId,
): StoredOrder {
  const opened = openOrder(envelope, keys);
  requireFleet(opened.order, fleetId);
  return { ...opened, envelope, revision };
}

function requireFleet(document: { fleetId: FleetId }, fleetId: FleetId): void {
  if (document.fleetId === fleetId) return;
  throw new ChimeraError("fleet-mismatch", `it is for fleet ${document.fleetId}`);
}
