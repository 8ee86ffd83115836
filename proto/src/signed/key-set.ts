/**
 * PURE. Key sets: which keys may sign what. The SHA-256 of the first one's payload is the fleet's id; each later one is
 * signed by the thresholds of its predecessor's and of its own root, and they are walked one by one (TUF 1.0 §5.3).
 */
import { z } from "zod";
import { sha256 } from "./canonical.ts";
import {
  openEnvelope,
  parsePayload,
  payloadOf,
  requireSigners,
  RoleKeys,
  signersOf,
  type Envelope,
} from "./envelope.ts";
import { ChimeraError, type ErrorCode } from "../errors.ts";
import { Count, type Digest, FleetId, IsoTime } from "../names.ts";

/** The roles of architecture.md §4, and `fresh`: the controller's online key, which can only raise an alarm. */
export const keyRoles = ["root", "publish", "panic", "order", "certify", "fresh"] as const;
export type KeyRole = (typeof keyRoles)[number];

export const KeySet = z
  .object({
    v: z.literal(1),
    kind: z.literal("keys"),
    /** Absent in version 1, which cannot contain its own hash. */
    fleetId: FleetId.optional(),
    epoch: Count,
    version: z.int().positive(),
    expires: IsoTime,
    roles: z.object({
      root: RoleKeys,
      publish: RoleKeys,
      panic: RoleKeys,
      order: RoleKeys,
      certify: RoleKeys.optional(),
      fresh: RoleKeys.optional(),
    }),
  })
  .refine(
    ({ version, fleetId }) => (version === 1) === (fleetId === undefined),
    "fleetId: version 1 has none, every other has it",
  );
export type KeySet = z.infer<typeof KeySet>;

export interface OpenedKeySet {
  set: KeySet;
  fleetId: FleetId;
  id: Digest;
  envelope: Envelope;
  signedBy: string[];
}

/** A fleet's first key set by itself: its bytes name the fleet. Throws signature-invalid or input-invalid. */
export function openFirstKeySet(envelope: Envelope): OpenedKeySet {
  const payload = payloadOf(envelope, "keys");
  const id = sha256(payload);
  const opened = openOwnRoot(envelope, payload);
  if (opened.set.version !== 1) {
    throw new ChimeraError("keys-skipped", `key set ${opened.set.version} where the first one is due`);
  }
  return { ...opened, id, fleetId: FleetId.parse(id) };
}

/**
 * The key set that a machine was installed with, of any version: its place (a signed closure, an operator's disk) is
 * what it is trusted for. Throws fleet-mismatch for another fleet's.
 */
export function openPinnedKeySet(envelope: Envelope, fleetId: FleetId): OpenedKeySet {
  const payload = payloadOf(envelope, "keys");
  const id = sha256(payload);
  const opened = openOwnRoot(envelope, payload);
  const named = opened.set.fleetId ?? FleetId.parse(id);
  if (named !== fleetId) throw new ChimeraError("fleet-mismatch", `the key set is of fleet ${named}`);
  return { ...opened, id, fleetId };
}

export type NextKeySet =
  | { kind: "next"; opened: OpenedKeySet }
  | { kind: "known" }
  | { kind: "refuse"; code: ErrorCode; reason: string };

/** One step of the walk. Intermediate sets may have expired: only the newest has to be valid now. */
export function judgeKeySet(current: OpenedKeySet, envelope: Envelope): NextKeySet {
  try {
    return judgeOpened(current, openSuccessor(current, envelope), envelope);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { kind: "refuse", code: error.code, reason: error.message };
  }
}

/** From the fleet's first key set, or a pinned one, over all successors. Throws the code of the first that does not follow. */
export function walkKeySets(first: OpenedKeySet, successors: readonly Envelope[]): OpenedKeySet {
  return successors.reduce((current, envelope) => {
    const verdict = judgeKeySet(current, envelope);
    if (verdict.kind === "refuse") throw new ChimeraError(verdict.code, verdict.reason);
    return verdict.kind === "next" ? verdict.opened : current;
  }, first);
}

/** The keys of a role; throws signature-invalid when the fleet has given it to nobody. */
export function roleKeys({ roles, version }: KeySet, role: KeyRole): RoleKeys {
  const keys = roles[role];
  if (keys !== undefined) return keys;
  throw new ChimeraError("signature-invalid", `key set ${version} gives the role ${role} to nobody`);
}

/** Signed by the predecessor's root before anything of it is believed; then it must be signed by its own too. */
function openSuccessor({ set: { roles } }: OpenedKeySet, envelope: Envelope) {
  return openEnvelope(envelope, { kind: "keys", role: roles.root }, KeySet);
}

function judgeOpened(
  current: OpenedKeySet,
  { message: set, payload }: { message: KeySet; payload: Buffer },
  envelope: Envelope,
): NextKeySet {
  const id = sha256(payload);
  if (id === current.id) return { kind: "known" };
  if ((set.fleetId ?? id) !== current.fleetId)
    return refuse("fleet-mismatch", "the key set is of another fleet");
  const due = current.set.version + 1;
  if (set.version < due) return refuse("keys-stale", `key set ${set.version} where ${due} is due`);
  if (set.version > due) return refuse("keys-skipped", `key set ${set.version} where ${due} is due`);
  const ahead = set.epoch - current.set.epoch;
  if (ahead !== 0 && ahead !== 1) {
    return refuse("order-jump", `key set ${set.version} has epoch ${set.epoch} after ${current.set.epoch}`);
  }
  const own = signersOf(envelope, { kind: "keys", role: set.roles.root });
  if (own.length < set.roles.root.threshold) {
    const counted = `${own.length} of ${set.roles.root.threshold}`;
    return refuse("signature-invalid", `${counted} signatures of the new root of key set ${set.version}`);
  }
  const signedBy = [
    ...new Set([...signersOf(envelope, { kind: "keys", role: current.set.roles.root }), ...own]),
  ];
  return { kind: "next", opened: { set, fleetId: current.fleetId, id, envelope, signedBy } };
}

/** Read before it is verified: the bytes themselves are trusted here, the signature shows that root knows them. */
function openOwnRoot(
  envelope: Envelope,
  payload: Buffer,
): { set: KeySet; envelope: Envelope; signedBy: string[] } {
  const set = parsePayload(payload, KeySet);
  return { set, envelope, signedBy: requireSigners(envelope, { kind: "keys", role: set.roles.root }) };
}

function refuse(code: ErrorCode, reason: string): NextKeySet {
  return { kind: "refuse", code, reason };
}
