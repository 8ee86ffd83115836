/**
 * SHELL. The signed panic for the newest head: the one that was prepared when the head was published, from the store or
 * from this operator's own copy; else signed now, with the panic key at hand.
 */
import { ChimeraError } from "@chimera/proto/errors";
import { requireSigners, type Envelope } from "@chimera/proto/signed/envelope";
import { openPanic, Panic } from "@chimera/proto/signed/panic";
import { copyFolder, readCopy } from "../fleet/operator-copy.ts";
import type { Io } from "../io.ts";
import { signDocument } from "../signers/remote-signer.ts";
import { roleSigners } from "../signers/role-signers.ts";
import { intact } from "./roads/nats-trust.ts";
import type { PanicRoad } from "./roads/panic-road.ts";

export interface FoundPanic {
  envelope: Envelope;
  panic: Panic;
  /** Where it comes from. */
  from: PanicRoad["over"] | "copy" | "key";
}

/**
 * `reason` is said in a panic that is signed now. Throws panic-void for a head that nothing lay before, config-invalid where nothing was
 * prepared and no key is at hand.
 */
export async function findPanic(io: Io, road: PanicRoad, reason: string): Promise<FoundPanic> {
  const prepared = await road.ready().catch(orNull);
  const kept = await intact(io, () => readCopy(copyFolder(io, road.fleetId), "panic-ready"));
  for (const [from, envelope] of [
    [road.over, prepared],
    ["copy", kept],
  ] as const) {
    const panic = envelope === null ? null : panicFor(road, envelope);
    if (envelope !== null && panic !== null) return { envelope, panic, from };
  }
  return signNow(io, road, reason);
}

/** Null for one of another head, and for one that nodes refuse: also since its keys were retired after it was prepared. */
function panicFor({ newest, head }: PanicRoad, envelope: Envelope): Panic | null {
  try {
    const { panic } = openPanic(envelope, newest.set.roles.panic);
    return panic.undoes === head.id && panic.fleetId === newest.fleetId ? panic : null;
  } catch (error) {
    return orNull(error);
  }
}

async function signNow(
  io: Io,
  { context, newest, head: { id, head } }: PanicRoad,
  reason: string,
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
