/**
 * SHELL. The signed panic for the newest head: the one that was prepared when the head was published, from the controller or
 * from this operator's own copy; else signed now, with the panic key at hand.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { requireSigners, type Envelope } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import { Panic } from "@chimera/proto/signed/panic";
import { openSignedPanic } from "../documents/open-signed.ts";
import type { FleetReader } from "../documents/fleet-reader.ts";
import { copyFolder, readCopy } from "../fleet/operator-copy.ts";
import type { Io } from "../io.ts";
import { signDocument } from "../signers/remote-signer.ts";
import { roleSigners } from "../signers/role-signers.ts";

export interface FoundPanic {
  envelope: Envelope;
  panic: Panic;
  /** Where it comes from. */
  from: "controller" | "copy" | "key";
}

interface Undone {
  id: Digest;
  head: Head;
  /** Said in a panic that is signed now. */
  reason: string;
}

/** Throws panic-void for a head that nothing lay before, config-invalid where nothing was prepared and no key is at hand. */
export async function findPanic(io: Io, reader: FleetReader, undone: Undone): Promise<FoundPanic> {
  const prepared = await reader.api.panicReady().catch(orNull);
  const kept = (await readCopy(copyFolder(io, reader.fleetId), "panic-ready").catch(orNull)) ?? null;
  for (const [from, envelope] of [
    ["controller", prepared],
    ["copy", kept],
  ] as const) {
    const panic = envelope === null ? null : panicFor(reader, undone.id, envelope);
    if (envelope !== null && panic !== null) return { envelope, panic, from };
  }
  return signNow(io, reader, undone);
}

/** Null for one of another head, and for one that nobody of the role signed. */
function panicFor({ chain }: FleetReader, head: Digest, envelope: Envelope): Panic | null {
  try {
    const { panic } = openSignedPanic(chain, envelope);
    return panic.undoes === head ? panic : null;
  } catch (error) {
    return orNull(error);
  }
}

async function signNow(
  io: Io,
  { context, newest }: FleetReader,
  { id, head, reason }: Undone,
): Promise<FoundPanic> {
  const { epoch, serial, revertTo, fleetId } = head;
  if (revertTo === null) {
    throw new ChimeraError("panic-void", `head ${serial} is the first: there is no world before it`);
  }
  const panic = Panic.parse({
    v: 1,
    kind: "panic",
    fleetId,
    epoch,
    serial,
    undoes: id,
    world: revertTo,
    reason,
  });
  const role = newest.set.roles.panic;
  const signers = await roleSigners(io, context, { role: "panic", keys: role });
  const envelope = await signDocument("panic", Buffer.from(JSON.stringify(panic)), signers);
  requireSigners(envelope, { kind: "panic", role });
  return { envelope, panic, from: "key" };
}

function orNull(error: unknown): null {
  if (error instanceof ChimeraError) return null;
  throw error;
}
