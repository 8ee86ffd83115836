/**
 * PURE. Orders: whatever somebody wants done on named nodes apart from the world they run. A nonce makes each happen at
 * most once; `notAfter` ends it for nodes that were away.
 */
import { z } from "zod";
import { sha256 } from "./canonical.ts";
import { openEnvelope, type Envelope, type RoleKeys } from "./envelope.ts";
import { DriftGlob, DriftPath } from "../drift-policy.ts";
import { EndAction, ExecAction, KeyboardAction } from "../sessions/session-order.ts";
import { Digest, FleetId, IsoTime, NodeName, StorePath } from "../names.ts";

/** 128 random bits as hex. */
export const Nonce = z.string().regex(/^[0-9a-f]{32}$/, "a nonce has 32 hex digits");
export type Nonce = z.infer<typeof Nonce>;

export const maxQuarantine = 1000;

/** Of each side of a difference that is shown. */
export const maxShownBytes = 128 * 1024;

const knownActions = [
  /** Until then no deploy and no rollback is begun; a newer hold takes its place. */
  z.object({
    kind: z.literal("hold"),
    until: IsoTime,
    /** Drift is left alone too. */
    drift: z.boolean(),
    /** Not even a panic is carried out. */
    evenPanic: z.boolean(),
  }),
  z.object({ kind: z.literal("release") }),
  /** The whole list of the fleet, not a change of it: the highest serial counts. */
  z.object({
    kind: z.literal("quarantine"),
    serial: z.int().positive(),
    toplevels: z.array(StorePath).max(maxQuarantine),
    /** Toplevels that nodes quarantined by themselves and may activate again. */
    pardoned: z.array(StorePath).max(maxQuarantine),
  }),
  /** For the lead of this head's rollout, not for nodes: the newest one counts, once. */
  z.object({ kind: z.literal("rollout"), head: Digest, ask: z.enum(["pause", "resume", "abort"]) }),
  /** What differs there is only reported until then; the order's reason says why. */
  z.object({ kind: z.literal("drift-ignore"), glob: DriftGlob, until: IsoTime }),
  /** Ends that before its time; the glob is the same text. */
  z.object({ kind: z.literal("drift-unignore"), glob: DriftGlob }),
  /** What was fought over is put back again. */
  z.object({ kind: z.literal("drift-resume"), path: DriftPath }),
  /** The node answers with what it knows of the path, and with content where everybody on it may read that. */
  z.object({
    kind: z.literal("drift-show"),
    path: DriftPath,
    /** Of what was there before a revert; null: the newest. */
    evidence: z.string().max(256).nullable(),
    maxBytes: z.int().min(0).max(maxShownBytes),
  }),
  /** A command, in sessions of its own. */
  ExecAction,
  /** The end of one, before its time. */
  EndAction,
  /** Who may type into one session of one node until then. */
  KeyboardAction,
] as const;

const knownKinds: ReadonlySet<string> = new Set(knownActions.map(({ shape }) => shape.kind.value));

export const OrderAction = z.discriminatedUnion("kind", knownActions, {
  error({ input }) {
    const kind = typeof input === "object" && input !== null && "kind" in input ? input.kind : undefined;
    if (typeof kind !== "string" || knownKinds.has(kind)) return undefined;
    return `orders of kind "${kind.slice(0, 64)}" are not known here: whoever reads this is older than the order`;
  },
});
export type OrderAction = z.infer<typeof OrderAction>;

export const Order = z.object({
  v: z.literal(1),
  kind: z.literal("order"),
  fleetId: FleetId,
  nonce: Nonce,
  nodes: z.union([z.literal("all"), z.array(NodeName).min(1).max(10_000)]),
  createdAt: IsoTime,
  /** A node that did not get it by then never carries it out. */
  notAfter: IsoTime,
  author: z.string().min(1).max(256),
  reason: z.string().max(1024),
  action: OrderAction,
});
export type Order = z.infer<typeof Order>;

export interface OpenedOrder {
  order: Order;
  id: Digest;
  signedBy: string[];
}

/** Verifies against the order role, then parses. Throws signature-invalid or input-invalid. */
export function openOrder(envelope: Envelope, role: RoleKeys): OpenedOrder {
  const { message, payload, signedBy } = openEnvelope(envelope, { kind: "order", role }, Order);
  return { order: message, id: sha256(payload), signedBy };
}

export function isFor({ nodes }: Pick<Order, "nodes">, node: NodeName): boolean {
  return nodes === "all" || nodes.includes(node);
}
