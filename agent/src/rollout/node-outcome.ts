/** PURE. How far one node is, by what it said and how long it has been silent. */
import { awayMs, beginMs, fetchMs, restartMs, silenceMs, takeMs } from "@chimera/proto/rollout/patience";
import { failedStates, StateWord } from "@chimera/proto/state-word";
import type { NodeSight } from "./lead-sight.ts";

export type Outcome =
  /** Nobody waits for it: it goes the same way when it returns. */
  | { kind: "away" }
  /** It has not got all that it needs. */
  | { kind: "getting-ready" }
  | { kind: "staged" }
  | { kind: "under-way" }
  /** By its own signature. */
  | { kind: "committed" }
  /** It stands where a person put it, or waits for a restart that its policy forbids. */
  | { kind: "standing"; reason: string }
  | {
      kind: "failed";
      reason: string;
      byContact: boolean;
      /** It had committed, and asks that the fleet go no further. */
      holds?: boolean;
    };

export interface Limits {
  /** How long a node may be in probation. */
  probationMs: number;
  /** How long its activation may take beside that. */
  activationMs: number;
  /** How long the lead has waited for nodes to get ready. */
  stagingMs: number;
  /** Since the lead let it go, as far as this lead knows; null while it may not go. */
  letGoMs: number | null;
}

const begun: ReadonlySet<string> = new Set<StateWord>(["activating", "probation", "committing", "reverting"]);

/** Why a node does not begin, where that does not come from its own machine. */
const fromOutside: ReadonlySet<string> = new Set(["rollout", "paused", "equivocation"]);

export function outcomeOf(sight: NodeSight | undefined, limits: Limits): Outcome {
  if (sight === undefined || sight.silentMs === null) return { kind: "away" };
  const { silentMs, state, hasHead, problem } = sight;
  // Whoever wrote that the fleet goes back, the word is gone: without it nobody else would, and no node goes forward again.
  if (sight.isGoingBack) return { kind: "failed", reason: "has gone back with the fleet", byContact: false };
  if (silentMs > awayMs && !(hasHead && failedStates.has(state)) && !sight.isProven)
    return silent(sight, limits);
  if (!hasHead) return notTaken(sight, limits);
  if (failedStates.has(state)) {
    return { kind: "failed", reason: `${state}: ${problem}`, byContact: sight.lostContact };
  }
  return underWay(sight, limits);
}

function notTaken({ state, problem }: NodeSight, { stagingMs }: Limits): Outcome {
  if (state === "held") return { kind: "standing", reason: "held" };
  if (stagingMs <= takeMs) return { kind: "getting-ready" };
  return { kind: "failed", reason: `has not taken the head: ${problem}`, byContact: false };
}

function underWay(sight: NodeSight, limits: Limits): Outcome {
  const { state, isProven, waiting } = sight;
  if (state === "committed" && isProven) return committed(sight);
  const standing = standingReason(state, waiting);
  if (standing !== null) return { kind: "standing", reason: standing };
  if (state === "staged") return staged(sight, limits);
  if (state !== "idle" && state !== "fetching") return { kind: "under-way" };
  return limits.stagingMs <= fetchMs
    ? { kind: "getting-ready" }
    : { kind: "failed", reason: "has not fetched it within an hour", byContact: false };
}

/**
 * One that may go and does not: what its own machine says against it counts as a failure. One that has not heard that it may go,
 * or goes by another word than this lead's, is not waited for.
 */
function staged({ waiting, problem }: NodeSight, { letGoMs }: Limits): Outcome {
  if (letGoMs === null || letGoMs <= beginMs) return { kind: "staged" };
  const reason = `has not begun within ${beginMs / 60_000} minutes: ${waiting ?? "no reason given"}: ${problem}`;
  return waiting === null || fromOutside.has(waiting)
    ? { kind: "standing", reason }
    : { kind: "failed", reason, byContact: false };
}

/** Nobody goes on before its work is back. */
function committed(sight: NodeSight): Outcome {
  const { waiting, problem } = sight;
  if (isHolding(sight)) return holdingOutcome(sight);
  const why = waiting === null ? undefined : noGood.get(waiting);
  if (why !== undefined) return { kind: "failed", reason: `${why}: ${problem}`, byContact: false };
  if (waiting !== "undraining") return { kind: "committed" };
  const silentMs = sight.silentMs ?? 0;
  if (silentMs <= awayMs) return { kind: "under-way" };
  const reason = `silent for ${seconds(silentMs)} s since its work was to come back`;
  return { kind: "failed", reason, byContact: false };
}

/** Of a node that has committed: why nobody should go on over it. */
const noGood: ReadonlyMap<string, string> = new Map([
  ["undrain-failed", "has committed, and is not back in service"],
  ["no-way-back", "is unhealthy after its commit, and cannot go back"],
]);

/** Of a node in `staged-for-reboot`: it goes on running as it is until somebody, or a time of day, lets it. */
const stays: ReadonlySet<string> = new Set(["needs-reboot", "reboot-window"]);

/** It is emptied, or goes down: what it said last may be the word before that. */
function isRestarting({ state, waiting }: NodeSight): boolean {
  return state === "rebooting" || (state === "staged-for-reboot" && !stays.has(waiting ?? ""));
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}

/** One that died meanwhile asks for nothing any more. */
function isHolding({ asksHold, silentMs }: NodeSight): boolean {
  return asksHold && (silentMs ?? 0) <= awayMs;
}

function standingReason(state: string, waiting: string | null): string | null {
  if (state === "held") return "held";
  // Whoever chose what runs there is asked, and not waited for.
  if (waiting === "booted-other") return "another system was booted there";
  return state === "staged-for-reboot" && waiting === "needs-reboot" ? "needs a restart" : null;
}

function holdingOutcome({ problem }: NodeSight): Outcome {
  const reason = `is unhealthy after its commit: ${problem}`;
  return { kind: "failed", reason, byContact: false, holds: true };
}

/** A word that only newer nodes know says nothing: such a node is neither done nor given up, but it is missed. */
function hasBegun(state: string): boolean {
  return begun.has(state) || !StateWord.safeParse(state).success;
}

/** One that had begun is missed; any other is merely away. */
function silent(sight: NodeSight, limits: Limits): Outcome {
  const { hasHead, state } = sight;
  const silentMs = sight.silentMs ?? 0;
  const restarts = isRestarting(sight);
  if (!hasHead || !(restarts || hasBegun(state))) return { kind: "away" };
  const limit = restarts ? restartMs : patienceWith(state, limits);
  if (silentMs <= Math.max(awayMs, limit)) return { kind: "under-way" };
  const reason = `silent for ${seconds(silentMs)} s since it was ${state}`;
  return { kind: "failed", reason, byContact: !restarts };
}

/** By the word that it said last: what comes after it may be under way without a sound. */
function patienceWith(state: string, { probationMs, activationMs }: Limits): number {
  return probationMs + silenceMs + (state === "activating" ? activationMs : 0);
}
