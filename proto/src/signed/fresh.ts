/**
 * PURE. Fresh: the controller's word, every few minutes, which head is the newest. A node that misses it is being kept
 * from news: it raises an alarm and takes no new head, and that is all that this key can ever do.
 */
import { z } from "zod";
import { AuditCheckpoint } from "../audit/audit-checkpoint.ts";
import { openEnvelope, type Envelope, type RoleKeys } from "./envelope.ts";
import { Count, Digest, FleetId, IsoTime } from "../names.ts";

export const Fresh = z.object({
  v: z.literal(1),
  kind: z.literal("fresh"),
  fleetId: FleetId,
  /** The newest valid head in the store; null before the first. */
  head: z.object({ epoch: Count, serial: Count, id: Digest }).nullable(),
  /** Revision of the head's entry. */
  revision: Count,
  at: IsoTime,
  /** How long the audit log is and what it holds; absent where the controller signs none, or is older than that. */
  audit: AuditCheckpoint.optional(),
});
export type Fresh = z.infer<typeof Fresh>;

/** How often the controller says it. */
export const freshEveryMs = 5 * 60_000;

/** Verifies against the fresh role, then parses. Throws signature-invalid or input-invalid. */
export function openFresh(envelope: Envelope, role: RoleKeys): { fresh: Fresh; signedBy: string[] } {
  const { message, signedBy } = openEnvelope(envelope, { kind: "fresh", role }, Fresh);
  return { fresh: message, signedBy };
}
