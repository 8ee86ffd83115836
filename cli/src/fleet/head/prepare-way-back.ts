/**
 * SHELL. The panic for a new head, signed while everything is well: in an emergency it has only to be released, also by
 * somebody without the panic key. That it could not be made stops no deployment, and is said.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import {
  parsePayload,
  payloadOf,
  requireSigners,
  signersOf,
  type Envelope,
} from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import { Panic } from "@chimera/proto/signed/panic";
import type { Io } from "../../io.ts";
import { printable } from "../../print/printable.ts";
import { signDocument } from "../../signers/remote-signer.ts";
import { roleSigners } from "../../signers/role-signers.ts";
import { writeCopy } from "../operator-copy.ts";
import type { Observer } from "../operator.ts";

export async function prepareWayBack(
  io: Io,
  observer: Pick<Observer, "api" | "context" | "keys">,
  stored: Envelope,
): Promise<void> {
  try {
    const envelope = await signWayBack(io, observer, stored);
    if (envelope === null) return;
    await observer.api.putPanicReady(envelope);
    await writeCopy(io, observer.context.fleetId, { kind: "panic-ready", envelope });
  } catch (error) {
    warnUnprepared(io, error);
  }
}

/** The same where no controller keeps it: it lies in this operator's copy alone. */
export async function keepWayBack(
  io: Io,
  observer: Pick<Observer, "context" | "keys">,
  head: Envelope,
): Promise<void> {
  try {
    const envelope = await signWayBack(io, observer, head);
    if (envelope !== null) await writeCopy(io, observer.context.fleetId, { kind: "panic-ready", envelope });
  } catch (error) {
    warnUnprepared(io, error);
  }
}

function warnUnprepared(io: Io, error: unknown): void {
  if (!(error instanceof ChimeraError)) throw error;
  io.err(
    `chimera: no panic was prepared for this head, undoing it will need the panic key: ${printable(errorChain(error))}\n`,
  );
}

/** Whether somebody has prepared it. */
export async function isPrepared(
  { api, keys }: Pick<Observer, "api" | "keys">,
  head: Digest,
): Promise<boolean> {
  const ready = await api.panicReady();
  const { panic } = keys.newest.set.roles;
  if (ready === null || signersOf(ready, { kind: "panic", role: panic }).length < panic.threshold)
    return false;
  return parsePayload(payloadOf(ready, "panic"), Panic).undoes === head;
}

/** Null for the first head: there is no world before it. */
async function signWayBack(
  io: Io,
  { context, keys }: Pick<Observer, "context" | "keys">,
  stored: Envelope,
): Promise<Envelope | null> {
  const payload = payloadOf(stored, "head");
  const head = parsePayload(payload, Head);
  if (head.revertTo === null) return null;
  const role = keys.newest.set.roles.panic;
  const panic = Panic.parse({
    v: 1,
    kind: "panic",
    fleetId: head.fleetId,
    epoch: head.epoch,
    serial: head.serial,
    undoes: sha256(payload),
    world: head.revertTo,
    reason: `undo head ${head.serial}`,
  });
  const signers = await roleSigners(io, context, { role: "panic", keys: role });
  const envelope = await signDocument("panic", Buffer.from(JSON.stringify(panic)), signers);
  requireSigners(envelope, { kind: "panic", role });
  return envelope;
}
