/** PURE. The journal: one record per order, on disk before each step, so that a restart anywhere knows what was begun. */
import type { ErrorCode } from "@chimera/proto/errors";
import { Count, Digest, IsoTime, StorePath } from "@chimera/proto/names";
import { Place } from "@chimera/proto/signed/place";
import type { StateWord } from "@chimera/proto/state-word";
import { z } from "zod";
import type { Observed } from "./decision.ts";

/** How far the node is with one order. Issue 4 adds pre-flight and dead-man between these. */
export const Step = z.enum([
  "accepted",
  "staged",
  "activating",
  "probation",
  "committing",
  "committed",
  "staged-for-reboot",
  "reverting",
  "reverted",
  "revert-failed",
  "refused",
  "stuck",
]);
export type Step = z.infer<typeof Step>;

/** A transient unit that was or is about to be started; its name is never used twice for one order. */
export const UnitRecord = z.object({
  name: z.string().max(128),
  action: z.enum(["test", "boot"]),
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
export const JournalOrder = Place.extend({ id: Digest });
export type JournalOrder = z.infer<typeof JournalOrder>;

/** What a revert says about the system that was tried: only one that failed by itself is never to be tried again. */
export const Blame = z.enum(["toplevel", "contact", "none"]);
export type Blame = z.infer<typeof Blame>;

export const Journal = z.object({
  v: z.literal(1),
  order: JournalOrder,
  toplevel: StorePath,
  probationMs: Count,
  activationSeconds: Count,
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
  attempts: z.object({ fetch: Count, activate: Count, commit: Count, revert: Count, foreign: Count }),
  /** Journal writes since the activation began; the loop breaker's count. */
  transitions: Count,
  /** Whether the revert has run the previous system's activation. */
  systemBack: z.boolean(),
  /** Whether the boot default was set in this order: the only witness where no reader knows the loader. */
  bootSet: z.boolean(),
  lastCommitted: path,
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

export function isReplaceable(journal: Journal): boolean {
  return replaceable.has(journal.step);
}

export function stateOf(journal: Journal | null): StateWord {
  if (journal === null) return "idle";
  return journal.step === "accepted" ? "fetching" : journal.step;
}

/** The system that /etc must agree with now; null while that is not known to have been ours. */
export function settledToplevel(journal: Journal | null): StorePath | null {
  if (journal === null) return null;
  const { step, toplevel, lastCommitted, before } = journal;
  if (step === "committed" || step === "committing" || step === "probation") return toplevel;
  if (step === "accepted" || step === "staged" || step === "staged-for-reboot" || step === "refused") {
    return lastCommitted;
  }
  return before.current === lastCommitted ? lastCommitted : null;
}

/** While this holds, /etc is being rewritten by us. */
export function isSwitching(journal: Journal | null): boolean {
  return journal?.step === "activating" || journal?.step === "reverting";
}

/** The next record: a new step starts its own clock. */
export function advance(journal: Journal, observed: Observed, changes: Partial<Journal>): Journal {
  const moved = changes.step !== undefined && changes.step !== journal.step;
  return {
    ...journal,
    bootId: observed.bootId,
    transitions: journal.transitions + 1,
    ...(moved ? { since: observed.uptimeMs, healthySince: null, retryAt: null } : {}),
    ...changes,
  };
}

export function problemOf(code: ErrorCode, message: string, observed: Observed): Problem {
  return { code, message: message.slice(0, 2048), at: observed.at };
}

/** A way back needs no download, and no proof: what it activates ran here before. */
export function isWayBack({ order }: { order: JournalOrder }): boolean {
  return order.rank > 0;
}

/** What somebody else activated over the committed system is being undone: no new order is begun by that. */
export function isRepair({ toplevel, lastCommitted }: Journal): boolean {
  return toplevel === lastCommitted;
}
