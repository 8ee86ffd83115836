/**
 * PURE. What root asks the agent of its own node, and what that answers: one JSON line each way over a Unix socket in the
 * agent's folder. Whoever may open it is root; nothing here is signed.
 */
import { z } from "zod";
import { Hold } from "./acceptance/trust-state.ts";
import { DriftPath } from "./drift-policy.ts";
import { ShownFacts } from "./drift-shown.ts";
import { DeliveredDocuments, DeliveryVerdict, NodeReport } from "./delivery.ts";
import { LocalOrder, maxLocalSeconds } from "./local-order.ts";
import { Count, IsoTime, NodeName, StorePath } from "./names.ts";
import { Place } from "./signed/place.ts";
import { NodeStatus } from "./status.ts";

/** In the agent's runtime folder, which only root can enter. */
export const localSocketName = "agent.sock";
/** Documents with their leaf are nearly all of it. */
export const maxRequestBytes = 2 << 20;
export const maxAnswerBytes = 4 << 20;

const v = z.literal(1);
const seconds = z.int().min(1).max(maxLocalSeconds);
const who = { author: z.string().min(1).max(256), reason: z.string().max(1024) };

export const LocalRequest = z.discriminatedUnion("command", [
  z.object({ v, command: z.literal("status") }),
  z.object({ v, command: z.literal("apply"), toplevel: StorePath, seconds, ...who }),
  /** To what ran before the present system. */
  z.object({ v, command: z.literal("revert"), seconds, ...who }),
  z.object({
    v,
    command: z.literal("hold"),
    seconds,
    drift: z.boolean(),
    evenPanic: z.boolean(),
    ...who,
    reason: z.string().min(1).max(1024),
  }),
  /** Ends root's own hold, and the rest on a system that was booted so; a signed hold is ended by a signed order. */
  z.object({ v, command: z.literal("release"), ...who }),
  /** Signed documents that somebody brought here: judged like those of the store. */
  z.object({ v, command: z.literal("deliver"), documents: DeliveredDocuments }),
  /** How far the node is, with what proves it. */
  z.object({ v, command: z.literal("report") }),
  /** Why a path is kept as it is, or why not. */
  z.object({ v, command: z.literal("explain"), path: DriftPath }),
]);
export type LocalRequest = z.infer<typeof LocalRequest>;
/** What root asks for in his own name. */
export type OwnRequest = Exclude<LocalRequest, { command: "deliver" | "report" | "explain" }>;
export type LocalCommand = LocalRequest["command"];

const path = StorePath.nullable();
const problem = NodeStatus.shape.problem;

/** The journal as people ask for it: times count from now, since the journal's own are of one boot. */
export const JournalView = z.object({
  step: z.string().max(64),
  /** Whether another order may begin now, since nothing is half done. */
  isReplaceable: z.boolean(),
  toplevel: StorePath,
  order: Place.extend({
    id: z.string().max(64),
    /** What root ordered on the node itself, on top of the document of that place. */
    local: z.enum(["apply", "revert"]).nullable(),
  }),
  /** What ran, and what the pointers named, when the order began. */
  before: z.object({ current: path, profile: path, bootDefault: path }),
  attempts: z.record(z.string().max(32), Count),
  transitions: Count,
  /** Of the activation that runs, or is about to. */
  unit: z.string().max(128).nullable(),
  /** `inMs` is null where that cannot be said, after a restart of the machine. */
  deadMan: z.object({ unit: z.string().max(128), inMs: Count.nullable() }).nullable(),
  /** Since the step began; null where it began before this boot. */
  stepMs: Count.nullable(),
  /** Until the next attempt; null where none is waited for. */
  retryInMs: Count.nullable(),
  /** Whether a restart is what the way back waits for, or has ordered. */
  isGoingBack: z.boolean(),
  rebootReasons: z.array(z.string().max(512)).max(32),
  /** What was booted in the place of the default, and is left in this boot. Absent from agents of before. */
  bootedOther: path.optional(),
  /** The check that made the committed system unhealthy. */
  unhealthy: z.string().max(64).nullable(),
  problem,
});
export type JournalView = z.infer<typeof JournalView>;

const { accepted, wanted, system, fetch, waiting, agent } = NodeStatus.shape;

export const LocalStatus = z.object({
  at: IsoTime,
  node: NodeName.nullable(),
  /** Null: no agent runs, and the rest was read from its files. */
  agent: agent.nullable(),
  state: NodeStatus.shape.state,
  waiting,
  accepted,
  wanted,
  system,
  specialisation: NodeStatus.shape.specialisation,
  fetch,
  panic: NodeStatus.shape.panic.unwrap(),
  journal: JournalView.nullable(),
  /** Those that count now. */
  holds: z.object({ signed: Hold.nullable(), local: Hold.nullable() }),
  /** What root ordered, while it counts. */
  local: LocalOrder.nullable(),
  quarantine: NodeStatus.shape.quarantine.unwrap(),
  checks: NodeStatus.shape.checks.unwrap(),
  problem,
  /** Files of the agent that say nothing: they were left as they are. */
  unreadable: z.array(z.object({ file: z.string().max(4096), reason: z.string().max(1024) })).max(8),
});
export type LocalStatus = z.infer<typeof LocalStatus>;

/** What was done: `adopted` needs no order, for it is what is signed and runs. */
export const LocalOutcome = z.enum([
  "shown",
  "ordered",
  "adopted",
  "held",
  "released",
  "not-held",
  "delivered",
  "reported",
]);
export type LocalOutcome = z.infer<typeof LocalOutcome>;

export const LocalAnswer = z.discriminatedUnion("ok", [
  z.object({
    v,
    ok: z.literal(true),
    outcome: LocalOutcome,
    status: LocalStatus,
    /** Of a delivery. */
    verdicts: z.array(DeliveryVerdict).max(32).optional(),
    /** Of a delivery, and where it was asked for. */
    report: NodeReport.optional(),
    /** Of an explanation. */
    shown: ShownFacts.optional(),
  }),
  z.object({
    v,
    ok: z.literal(false),
    error: z.object({ code: z.string().max(64), message: z.string().max(4096) }),
  }),
]);
export type LocalAnswer = z.infer<typeof LocalAnswer>;

export function localError(code: string, message: string): LocalAnswer {
  return { v: 1, ok: false, error: { code: code.slice(0, 64), message: message.slice(0, 4096) } };
}
