/** PURE. The head: the signed order that says which world a fleet shall run. */
import { z } from "zod";
import { sha256 } from "./canonical.ts";
import { openEnvelope, type Envelope, type RoleKeys } from "./envelope.ts";
import { AfterCommit, HealthCheck, maxChecks, maxUnitRules, UnitRule } from "../health-check.ts";
import { DriftRule } from "../drift-policy.ts";
import { Count, Digest, FleetId, IsoTime, WorldId } from "../names.ts";
import { RolloutPolicy } from "../rollout/rollout-policy.ts";
import { maxNodes } from "./world.ts";

/** Of a day in UTC, "HH:MM"; a window whose end is before its begin goes over midnight. */
const TimeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "a time of day looks like 02:30");
export const RebootWindow = z.object({ from: TimeOfDay, to: TimeOfDay });
export type RebootWindow = z.infer<typeof RebootWindow>;

/** When a node may restart for a system that cannot be switched to live. */
export const RebootPolicy = z.enum(["when-needed", "window", "never"]);
export type RebootPolicy = z.infer<typeof RebootPolicy>;

/** Whether a way back that needs a restart may take it at once. */
export const PanicReboot = z.enum(["never", "now"]);
export type PanicReboot = z.infer<typeof PanicReboot>;

/** How a fleet moves to this head. Fields that are absent take the node's own defaults. */
export const HeadPolicy = z.object({
  /** How long a node must stay healthy after its activation before it commits. */
  probationSeconds: z.int().min(0).max(3600).optional(),
  /** After this many seconds a hanging activation is ended. */
  activationSeconds: z.int().min(10).max(7200).optional(),
  reboot: RebootPolicy.optional(),
  /** Needed with `reboot: "window"`; the node's own where it is absent. */
  rebootWindow: RebootWindow.optional(),
  /** Restarts even where the loader cannot go back by itself. */
  acceptUnprotected: z.boolean().optional(),
  panicReboot: PanicReboot.optional(),
  afterCommit: AfterCommit.optional(),
  /** Beside the node's own; one of the same name takes its place. */
  checks: z.array(HealthCheck).max(maxChecks).optional(),
  units: z.array(UnitRule).max(maxUnitRules).optional(),
  /** Looked at before the node's own rules; the window takes the place of the node's own. */
  drift: z
    .object({ rules: z.array(DriftRule).max(32).optional(), window: RebootWindow.optional() })
    .optional(),
  /** Absent: every node goes as soon as it can. */
  rollout: RolloutPolicy.optional(),
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
