/**
 * PURE. One entry of the audit log. Nothing of a request is in it as it was written: no header, no path, no body. A document is in it
 * only where its signatures were good.
 */
import { z } from "zod";
import { Count, Digest, FleetId, IsoTime, Word } from "../names.ts";
import { Envelope } from "../signed/envelope.ts";
import { hashLeaf } from "../signed/merkle.ts";

/** Of JSON. With all else an entry stays below what the stream takes. */
export const maxAuditEnvelope = 64 * 1024;
export const maxAuditEntryBytes = 96 * 1024;

const AuditWho = z.discriminatedUnion("kind", [
  /** A token: by its id, never by itself. */
  z.object({
    kind: z.literal("token"),
    id: z.string().max(16),
    name: z.string().max(128),
    role: Word,
  }),
  /** Without a token that counts. */
  z.object({ kind: z.literal("nobody") }),
  /** Typed on the controller's own machine. */
  z.object({ kind: z.literal("local"), user: z.string().max(64) }),
]);
export type AuditWho = z.infer<typeof AuditWho>;

const AuditDocument = z.object({
  kind: Word,
  /** SHA-256 of the signed bytes. */
  id: Digest,
  /** Names of the keys whose signatures counted. */
  signedBy: z.array(z.string().max(128)).max(32),
  /** Null where it is too large for an entry: then it lay under `kept`. */
  envelope: Envelope.nullable(),
  kept: z.string().max(256).nullable(),
});
export type AuditDocument = z.infer<typeof AuditDocument>;

/** What may be done. A newer controller may know more words. */
export const auditActs = [
  "head",
  "panic",
  "panic-ready",
  "keys",
  "order",
  "quarantine",
  "rollout-ask",
  "proposal",
  "token-create",
  "token-revoke",
  "node-add",
  "node-remove",
  "operator-add",
  "operator-remove",
] as const;
export type AuditActName = (typeof auditActs)[number];

const act = {
  act: Word,
  who: AuditWho,
  /** The address of the other end; empty for what was typed on the machine itself. */
  from: z.string().max(64),
  document: AuditDocument.nullable(),
  /** The id of a token, the name of a node or operator; null where the document says it all. */
  about: z.string().max(128).nullable(),
};

export const AuditSaid = z.discriminatedUnion("kind", [
  /** Written before anything is done. */
  z.object({ kind: z.literal("begun"), ...act }),
  /** What came of entry `of`: null, or the error's code. */
  z.object({ kind: z.literal("ended"), of: Count, code: Word.nullable() }),
  /** Written after it was done: a panic waits for no log, and what is typed on the machine itself for no network. */
  z.object({ kind: z.literal("done"), ...act }),
  /** Nothing was done. `route`: as the API names it, never as it was asked for. */
  z.object({
    kind: z.literal("refused"),
    code: Word,
    method: z.string().max(16),
    route: z.string().max(128),
    who: AuditWho,
    from: z.string().max(64),
  }),
  /** The sum of refusals that came too fast to be told one by one. */
  z.object({
    kind: z.literal("refusals"),
    since: IsoTime,
    count: Count,
    codes: z.array(z.object({ code: Word, count: Count })).max(64),
    /** Those that sent most. */
    from: z.array(z.object({ from: z.string().max(64), count: Count })).max(16),
  }),
]);
export type AuditSaid = z.infer<typeof AuditSaid>;
export type AuditAct = Omit<Extract<AuditSaid, { kind: "begun" }>, "kind">;
export type AuditRefusal = Omit<Extract<AuditSaid, { kind: "refused" }>, "kind">;

/** What holds an entry in its place, whatever it says: of an entry that a newer controller wrote too. */
export const AuditLink = z.object({
  v: z.int().positive(),
  fleetId: FleetId,
  /** Its place, from 0. */
  index: Count,
  /** Leaf hash of the entry before; zeros in the first. */
  prev: Digest,
  at: IsoTime,
  /** The controller's process that wrote it. */
  by: z.string().max(64),
});
export type AuditLink = z.infer<typeof AuditLink>;

export const AuditEntry = z.object({ ...AuditLink.shape, said: AuditSaid });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** What the first entry says of the one before it. */
export const noEntry: Digest = Digest.parse("0".repeat(64));

/** So that no root of a log can be given out as the root of a world or of a closure. */
const domain = Buffer.from("chimera-audit-v1\n");

/** Of the bytes as they are stored. */
export function hashAuditEntry(bytes: Uint8Array): Buffer {
  return hashLeaf(Buffer.concat([domain, bytes]));
}
