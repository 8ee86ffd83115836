/** PURE. The part of /v1 that gives out the audit log: entries as they are stored, for whoever checks for himself. */
import { z } from "zod";
import { Count } from "../names.ts";
import { Envelope } from "../signed/envelope.ts";
import { maxAuditEntryBytes } from "./audit-entry.ts";

export const maxAuditPage = 200;

/** GET /v1/audit?since=…&limit=200, then on with &after=<last>: oldest first. */
export const AuditPage = z.object({
  /** The stored text of each: hashed as it is. */
  entries: z.array(z.string().max(maxAuditEntryBytes)).max(maxAuditPage),
  /** Where to go on. */
  last: Count,
  more: z.boolean(),
});
export type AuditPage = z.infer<typeof AuditPage>;

/** GET /v1/audit/checkpoint: the newest word of the online key; null where there is none. */
export const AuditSigned = z.object({ envelope: Envelope.nullable() });
export type AuditSigned = z.infer<typeof AuditSigned>;
