/** PURE. The head: the signed order that says which world a fleet shall run, and who accepts it when. */
import { z } from "zod";
import { sha256 } from "./canonical.ts";
import { openEnvelope, type Envelope, type RoleKeys } from "./envelope.ts";
import type { ErrorCode } from "../errors.ts";
import { Count, Digest, FleetId, IsoTime, WorldId } from "../names.ts";
import { maxNodes } from "./world.ts";

/** How a fleet moves to this head. Fields that are absent take the node's own defaults. */
export const HeadPolicy = z.object({
  /** How long a node must stay healthy after its activation before it commits. */
  probationSeconds: z.int().min(0).max(3600).optional(),
  /** After this many seconds a hanging activation is ended. */
  activationSeconds: z.int().min(10).max(7200).optional(),
});
export type HeadPolicy = z.infer<typeof HeadPolicy>;

export const Head = z.object({
  v: z.literal(1),
  kind: z.literal("head"),
  fleetId: FleetId,
  epoch: Count,
  serial: z.int().positive(),
  world: WorldId,
  /** Number of leaves of the world: part of every proof. */
  size: z.int().positive().max(maxNodes),
  /** Id (SHA-256 of the payload) of the document this one follows; null for the first. */
  previous: Digest.nullable(),
  mode: z.enum(["deploy", "rollback"]),
  policy: HeadPolicy,
  /** Consent given in advance to go back to this world if the rollout fails. */
  revertTo: WorldId.nullable(),
  consentUntil: IsoTime.nullable(),
  createdAt: IsoTime,
  /** A node that has not accepted the head by then never will. */
  notAfter: IsoTime,
  author: z.string().min(1).max(256),
  reason: z.string().max(1024),
});
export type Head = z.infer<typeof Head>;

/** The place of a document in a fleet's one order. */
export const Order = z.object({ epoch: Count, serial: Count });
export type Order = z.infer<typeof Order>;

/** Nobody may jump further; only root, by a higher epoch, resets. */
export const maxSerialJump = 10_000;

/** Negative when a comes before b. */
export function comparePlace(a: Order, b: Order): number {
  return a.epoch === b.epoch ? a.serial - b.serial : a.epoch - b.epoch;
}

export interface OpenedHead {
  head: Head;
  id: Digest;
  signedBy: string[];
}

/** Verifies against the publish role, then parses. Throws signature-invalid or input-invalid. */
export function openHead(envelope: Envelope, publish: RoleKeys): OpenedHead {
  const { message, payload, signedBy } = openEnvelope(envelope, { kind: "head", role: publish }, Head);
  return { head: message, id: sha256(payload), signedBy };
}

/** What a node (or controller) has accepted so far: on disk before anything is done. */
export const Accepted = z.object({ epoch: Count, serial: Count, id: Digest.nullable() });
export type Accepted = z.infer<typeof Accepted>;

export const nothingAccepted: Accepted = { epoch: 0, serial: 0, id: null };

export type HeadVerdict =
  | { kind: "accept" }
  | { kind: "known" }
  | { kind: "refuse"; code: ErrorCode; reason: string };

/** The rules of architecture.md §4 that need no proof of a leaf. `nowMs` is Unix time in milliseconds. */
export function judgeHead(
  { head, id }: Pick<OpenedHead, "head" | "id">,
  state: { fleetId: FleetId; accepted: Accepted },
  nowMs: number,
): HeadVerdict {
  const { accepted, fleetId } = state;
  if (head.fleetId !== fleetId) return refuse("fleet-mismatch", `head is for fleet ${head.fleetId}`);
  const order = comparePlace(head, accepted);
  if (order === 0 && id === accepted.id) return { kind: "known" };
  const at = `${head.epoch}.${head.serial}`;
  const newest = `${accepted.epoch}.${accepted.serial}`;
  if (order === 0) return refuse("order-equivocation", `two heads of order ${at} with other bytes`);
  if (order < 0) return refuse("order-stale", `head ${at} is below the accepted ${newest}`);
  if (accepted.id !== null && jumps(head, accepted)) {
    return refuse("order-jump", `head ${at} is too far above ${newest}: only a new key set may do that`);
  }
  if (Date.parse(head.notAfter) < nowMs) {
    return refuse("head-expired", `head ${at} expired at ${head.notAfter}`);
  }
  return { kind: "accept" };
}

function jumps(head: Head, accepted: Accepted): boolean {
  return head.epoch !== accepted.epoch || head.serial - accepted.serial > maxSerialJump;
}

function refuse(code: ErrorCode, reason: string): HeadVerdict {
  return { kind: "refuse", code, reason };
}
