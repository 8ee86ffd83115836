/** PURE. Panic: the signed order that undoes exactly one head. It carries nothing else, so nothing else can be done with it. */
import { z } from "zod";
import { sha256 } from "./canonical.ts";
import { openEnvelope, type Envelope, type RoleKeys } from "./envelope.ts";
import type { Place } from "./place.ts";
import { Count, Digest, FleetId, WorldId } from "../names.ts";

export const Panic = z.object({
  v: z.literal(1),
  kind: z.literal("panic"),
  fleetId: FleetId,
  /** Of the head that it undoes. */
  epoch: Count,
  serial: z.int().positive(),
  /** Id of that head. */
  undoes: Digest,
  /** The world to go back to. */
  world: WorldId,
  reason: z.string().max(1024),
});
export type Panic = z.infer<typeof Panic>;

export interface OpenedPanic {
  panic: Panic;
  id: Digest;
  signedBy: string[];
}

/** Verifies against the panic role, then parses. Throws signature-invalid or input-invalid. */
export function openPanic(envelope: Envelope, role: RoleKeys): OpenedPanic {
  const { message, payload, signedBy } = openEnvelope(envelope, { kind: "panic", role }, Panic);
  return { panic: message, id: sha256(payload), signedBy };
}

export function panicPlace({ epoch, serial }: Pick<Panic, "epoch" | "serial">): Place {
  return { epoch, serial, rank: 1 };
}
