/** PURE. The journal: one record per order, on disk before each step, so that a restart anywhere knows what was begun. */
import type { ErrorCode } from "@chimera/proto/errors";
import { Count, Digest, IsoTime, StorePath } from "@chimera/proto/names";
import { Place } from "@chimera/proto/signed/place";
import { z } from "zod";
import type { Observed } from "./decision.ts";
import { ForeignRecord } from "./foreign/foreign-record.ts";
import { Drained, RebootStage } from "./journal-restart.ts";
import { OrderPolicy, plainPolicy } from "./order-policy.ts";

/** How far the node is with one order. Every one of them has a row in the soak: a test fails for a new one without. */
export const Step = z.enum([
  "accepted",
  "staged",
  /** Snapshot and dead-man, before anything is changed. */
  "arming",
  "activating",
  "probation",
  "committing",
  "committed",
  "staged-for-reboot",
  /** Boot entries are written; the default is still what ran before. */
  "preparing-reboot",
  /** The expected restart: whatever runs after it is judged. */
  "rebooting",
  "reverting",
  /** The restart that ends on the loader's default, what ran before. */
  "falling-back",
  "reverted",
  "revert-failed",
  "refused",
  "stuck",
]);
export type Step = z.infer<typeof Step>;

/** A transient unit that was or is about to be started; its name is never used twice for one order. */
export const UnitRecord = z.object({
  name: z.string().max(128),
  /** Of switch-to-configuration, or what empties the node before a restart and brings its work back after it. */
  action: z.enum(["test", "boot", "drain", "undrain"]),
  toplevel: StorePath,
});
export type UnitRecord = z.infer<typeof UnitRecord>;

export const Problem = z.object({
  code: z.string().max(64),
  message: z.string().max(2048),
  at: IsoTime,
});
export type Problem = z.infer<typeof Problem>;

const path = StorePath.nullable();

/** The document that the node carries out. A way back (a panic, a return) stands one rank above the head that it undoes. */
export const JournalOrder = Place.extend({
  id: Digest,
  /** What root ordered on the node itself, on top of the document of that place. */
  local: z.enum(["apply", "revert"]).nullable().default(null),
});
export type JournalOrder = z.infer<typeof JournalOrder>;

/** What a revert says about the system that was tried: only one that failed by itself is never to be tried again. */
export const Blame = z.enum(["toplevel", "contact", "none"]);
export type Blame = z.infer<typeof Blame>;

/** The timer that undoes the order when nobody else has: systemd's, so it needs neither agent nor tmux. */
export const DeadMan = z.object({ unit: z.string().max(128), atMs: Count });
export type DeadMan = z.infer<typeof DeadMan>;

export const journalVersion = 2;

export const Journal = z.object({
  /** Version 1 lacks what has a default here. */
  v: z.literal([1, journalVersion]).transform(() => journalVersion),
  order: JournalOrder,
  toplevel: StorePath,
  probationMs: Count,
  activationSeconds: Count,
  policy: OrderPolicy.default(plainPolicy),
  step: Step,
  /** Boot in which the times below count: they are milliseconds since its start, so no clock step moves them. */
  bootId: z.string().max(64),
  since: Count,
  healthySince: Count.nullable(),
  retryAt: Count.nullable(),
  /** What ran, and what the pointers named, just before the activation: the way back. */
  before: z.object({ current: path, profile: path, bootDefault: path }),
  /** Units that failed already before the activation: not its fault. */
  failedBefore: z.array(z.string().max(256)).max(1000),
  /** Whether NATS answered just before the activation: only then is its silence afterwards a sign. */
  contactBefore: z.boolean().default(false),
  unit: UnitRecord.nullable(),
  unitsStarted: Count,
  /** Whether nobody saw how the newest activation ended, or its exit code hides it: that the system runs says nothing then. */
  isEndUnknown: z.boolean().default(false),
  deadMan: DeadMan.nullable().default(null),
  attempts: z.object({
    fetch: Count,
    activate: Count,
    commit: Count,
    revert: Count,
    foreign: Count,
    reboot: Count.default(0),
    /** Of setting the boot default. */
    boot: Count.default(0),
    /** Probations of this order that were lost by contact only. */
    contact: Count.default(0),
    /** Of having the loader forget an entry. */
    entry: Count.default(0),
    /** How often another switch held the lock; nothing was touched then. */
    locked: Count.default(0),
  }),
  /** Why the wanted system needs a restart; empty for a live switch. */
  rebootReasons: z.array(z.string().max(512)).max(32).default([]),
  rebootStage: RebootStage.default("none"),
  /** Null while the node is in service. It outlives the order. */
  drained: Drained.nullable().default(null),
  /** The loader's id of the entry that was to be booted once. */
  bootEntry: z.string().max(256).nullable().default(null),
  /** Whether a restart is what the way back waits for, or has ordered. */
  isGoingBack: z.boolean().default(false),
  /** Whether systemd has taken the order to restart, in the steps that wait for it. */
  isRestartOrdered: z.boolean().default(false),
  /** Journal writes since the activation began; the loop breaker's count. */
  transitions: Count,
  /** Whether the revert has run the previous system's activation. */
  systemBack: z.boolean(),
  /** Whether the boot default was set in this order: the only witness where no reader knows the loader. */
  bootSet: z.boolean(),
  /** Whether this order may have made its system the boot default: the only witness where no reader knows the loader. */
  bootTouched: z.boolean().default(false),
  lastCommitted: path,
  /** What ran when the order began without being proven, or while it was being left: never a way back. */
  unproven: path.default(null),
  /** How the committed system is looked after while this order waits; null where none was committed. */
  upkeep: OrderPolicy.nullable().default(null),
  /** The check that made the committed system unhealthy; null while it is well. */
  unhealthy: z.string().max(64).nullable().default(null),
  foreign: ForeignRecord.prefault({}),
  /** Why the newest revert was begun. */
  blame: Blame.default("none"),
  problem: Problem.nullable(),
});
export type Journal = z.infer<typeof Journal>;

/** More journal writes than this in one activation are a loop that nobody foresaw. */
export const maxTransitions = 28;

/** Before the activation nothing has changed, and at rest nothing is under way: a newer order may take over. */
const replaceable: ReadonlySet<Step> = new Set<Step>([
  "accepted",
  "staged",
  "committed",
  "staged-for-reboot",
  "reverted",
  "revert-failed",
  "refused",
  "stuck",
]);

const resting: ReadonlySet<Step> = new Set<Step>([
  "committed",
  "reverted",
  "revert-failed",
  "refused",
  "stuck",
]);

/** The order has come to its end, well or not. */
export function isResting(journal: Journal): boolean {
  return resting.has(journal.step);
}

export function isReplaceable(journal: Journal): boolean {
  return replaceable.has(journal.step);
}

/** A signed way back between two tries, or before its first: only another one may take its place. */
export function isPanicWaiting(journal: Journal): boolean {
  const isWaiting = journal.step === "accepted" || journal.step === "staged";
  return isWaiting && isSignedWayBack(journal);
}

/** The next record: a new step starts its own clock. */
export function advance(journal: Journal, observed: Observed, changes: Partial<Journal>): Journal {
  const moved = changes.step !== undefined && changes.step !== journal.step;
  // The way back has steps and attempts of its own to be counted.
  const isTurning = moved && changes.step === "reverting";
  const { attempts = journal.attempts } = changes;
  return {
    ...journal,
    bootId: observed.bootId,
    transitions: journal.transitions + 1,
    ...(moved ? { since: observed.uptimeMs, healthySince: null, retryAt: null } : {}),
    ...(isTurning ? { transitions: 0 } : {}),
    ...changes,
    ...(isTurning ? { attempts: { ...attempts, commit: 0, boot: 0 } } : {}),
  };
}

/** A tool that would not even start says nothing about the system: such a problem is worth coming back to. */
export function isToolProblem({ problem }: Journal): boolean {
  return problem !== null && problem.code === "tool-failed";
}

export function problemOf(code: ErrorCode, message: string, observed: Observed): Problem {
  return { code, message: message.slice(0, 2048), at: observed.at };
}

/** A way back needs no download, and no proof: what it activates ran here before. */
export function isWayBack({ order }: { order: JournalOrder }): boolean {
  return order.local === null ? order.rank > 0 : order.local === "revert";
}

export function isSignedWayBack({ order }: { order: JournalOrder }): boolean {
  return order.local === null && order.rank > 0;
}

/** Where going back leads: the proven system of this order. */
export function homeOf(journal: Journal): StorePath | null {
  return isWayBack(journal) ? journal.toplevel : journal.before.current;
}

/** What somebody else activated over the committed system is being undone: no new order is begun by that. */
export function isRepair({ toplevel, lastCommitted }: Journal): boolean {
  return toplevel === lastCommitted;
}

/** Such a repair, and no order that wants the committed system: that one waits for nobody. */
export function isPutBack(journal: Journal): boolean {
  return isRepair(journal) && journal.attempts.foreign > 0;
}
