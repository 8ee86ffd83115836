/** PURE. What a node says of itself: the signed status document, and the tiny beat between two of them. */
import { z } from "zod";
import { AuditCarried, AuditCheckpoint } from "./audit/audit-checkpoint.ts";
import { DriftSummary } from "./drift.ts";
import { fitting } from "./fitting.ts";
import { Hold } from "./acceptance/trust-state.ts";
import { CheckResult, maxChecks } from "./health-check.ts";
import { LocalOrder } from "./local-order.ts";
import { Count, Digest, FleetId, IsoTime, NodeName, StorePath, Word, WorldId } from "./names.ts";
import { Envelope } from "./signed/envelope.ts";

/**
 * What a newer agent has more words for is kept as it is written: whoever decides by such a word compares it with those that he
 * knows, and takes none for another.
 */
export const NodeStatus = z.object({
  v: z.literal(1),
  node: NodeName,
  fleetId: FleetId,
  at: IsoTime,
  /** One of `StateWord`, as far as this reader knows. */
  state: Word,
  /** Why nothing more happens now, as data; null when the node is settled. */
  waiting: z.object({ reason: z.string().max(64), detail: z.string().max(1024) }).nullable(),
  agent: z.object({
    version: z.string().max(64),
    /** The store path it runs from; null when it does not run from the store. */
    path: StorePath.nullable(),
    startedAt: IsoTime,
    bootId: z.string().max(64),
  }),
  /** The newest head this node accepted. */
  accepted: z
    .object({ epoch: Count, serial: Count, id: Digest, world: WorldId, acceptedAt: IsoTime })
    .nullable(),
  /** Where all that is signed and counts now leads: head, rollout and panic together. */
  wanted: StorePath.nullable(),
  system: z.object({
    current: StorePath.nullable(),
    booted: StorePath.nullable(),
    profile: StorePath.nullable(),
    bootDefault: StorePath.nullable(),
  }),
  /** The variant of that system which runs: what `system` names is the toplevel that it is part of. */
  specialisation: z
    .object({ name: z.string().max(255), path: StorePath })
    .nullable()
    .optional(),
  /** What a restart would bring that the switch did not; in words. */
  restartAdvice: z.array(z.string().max(512)).max(8).optional(),
  /** Bytes of the running fetch. */
  fetch: z.object({ doneBytes: Count, totalBytes: Count }).nullable(),
  drift: DriftSummary,
  /** The key set that this node goes by. */
  keys: z.object({ version: z.int().positive(), epoch: Count }).optional(),
  /** The accepted panic, until a newer head is accepted. */
  panic: z.object({ epoch: Count, serial: Count, id: Digest, acceptedAt: IsoTime }).nullable().optional(),
  /**
   * What it knows of the rollout of its accepted head: should the store lose the lead's record, this is what is left of it. `at`:
   * when that ended, of one that did.
   */
  rollout: z.object({ phase: Word, at: IsoTime.nullable() }).nullable().optional(),
  hold: Hold.nullable().optional(),
  /** Toplevels that this node will not activate. */
  quarantine: z.array(StorePath).max(64).optional(),
  /** Those of them that it denies because a panic undid them; absent where its agent is older than that word. */
  undone: z.array(StorePath).max(64).optional(),
  /** The controller's newest word of freshness, null where none was heard; and the longest audit log that it ever told of. */
  fresh: z.object({ at: IsoTime, audit: AuditCheckpoint.optional() }).nullable().optional(),
  /** This node's newest receipt of a head or panic, signed by itself. */
  receipt: Envelope.nullable().optional(),
  /** Health checks since the newest activation. */
  checks: fitting(CheckResult, maxChecks).optional(),
  /** What root ordered on the node itself, while it counts. */
  local: LocalOrder.extend({ action: Word }).nullable().optional(),
  /** The newest refusal or failure. */
  problem: z.object({ code: z.string().max(64), message: z.string().max(2048), at: IsoTime }).nullable(),
});
export type NodeStatus = z.infer<typeof NodeStatus>;

/** At most 120 bytes as JSON, every 10 s. */
export const Beat = z.object({
  /** epoch and serial of the accepted head */
  e: Count,
  s: Count,
  p: Word,
  /** The longest audit log that this node was told of. */
  a: AuditCarried.optional(),
});
export type Beat = z.infer<typeof Beat>;
