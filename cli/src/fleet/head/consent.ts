/**
 * PURE. Until when a head consents to go back by itself. Whoever writes to NATS can use a consent, so it lasts as long as the
 * rollout may, by the limits that the lead itself goes by, and not for ever.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { WorldId } from "@chimera/proto/names";
import { activationMsOf, beginMs, fetchMs, probationMsOf, restartMs } from "@chimera/proto/rollout/patience";
import type { HeadPolicy, RebootWindow } from "@chimera/proto/signed/head";

export interface Consent {
  /** As somebody said; null: for as long as the rollout may last. */
  askedMs: number | null;
  /** Of each wave, how many nodes are to run something else than before. */
  moving: readonly number[];
}

export interface ConsentSubject {
  policy: HeadPolicy;
  consent: Consent;
  /** By then it is published: the last moment at which others may sign what is proposed. */
  fromMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const leastMs = 2 * hourMs;
/** Longer only where somebody says so. */
export const usualMostMs = 7 * dayMs;
const mostMs = 30 * dayMs;

/** Null where the head is not to go back by itself. */
export function consentEndMs(subject: ConsentSubject, revertTo: WorldId | null): number | null {
  const { policy, consent, fromMs } = subject;
  if (revertTo === null || policy.rollout?.onFailure !== "return") return null;
  if (consent.askedMs !== null) return fromMs + consent.askedMs;
  const endMs = rolloutEndMs(subject, fromMs + fetchMs);
  return Math.min(fromMs + usualMostMs, Math.max(fromMs + leastMs, endMs));
}

/** For people: until when, and whether the rollout may outlast it. */
export function consentLines(subject: ConsentSubject, untilMs: number | null): string[] {
  if (untilMs === null) return [];
  const until = iso(untilMs);
  const first = `it goes back by itself, should it fail by ${until}`;
  // Everybody has it already, at best.
  const endMs = rolloutEndMs(subject, subject.fromMs);
  if (endMs <= untilMs) return [first];
  const most = Math.min(endMs - subject.fromMs, mostMs);
  const why = reasonOf(subject.policy);
  return [
    first,
    `the rollout may last until ${iso(endMs)}${why}: when it fails after ${until} it only pauses, and who had it keeps it. Consent for longer: --consent ${Math.ceil(most / hourMs)}h`,
  ];
}

/** Throws usage for a span that says nothing, or that nobody would remember. */
export function checkConsent(ms: number | undefined, onFailure: "return" | "pause"): void {
  if (ms === undefined) return;
  if (onFailure === "pause")
    throw new ChimeraError(
      "usage",
      "--consent says nothing with --on-failure pause: nobody goes back by itself",
    );
  if (ms > mostMs) throw new ChimeraError("usage", `--consent: at most ${mostMs / dayMs}d`);
}

function reasonOf({ reboot, rebootWindow, rollout }: HeadPolicy): string {
  const window = rebootWindow === undefined ? "" : ` ${rebootWindow.from}-${rebootWindow.to} UTC`;
  const parts = [
    ...(reboot === "window" ? [`restarts only in the window${window}`] : []),
    ...(rollout?.maxUnavailable == null ? [] : [`${rollout.maxUnavailable} at once`]),
    ...(rollout?.deadline == null ? [] : [`its deadline is ${rollout.deadline}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** `startMs`: when the first nodes go. */
function rolloutEndMs({ policy, consent }: ConsentSubject, startMs: number): number {
  const { reboot, rebootWindow, rollout } = policy;
  const turnMs = turnOf(policy);
  const workMs = turnMs * turnsOf(consent.moving, rollout?.maxUnavailable ?? null);
  const deadline = rollout?.deadline ?? null;
  const latestMs = deadline === null ? startMs : Date.parse(deadline) + turnMs;
  if (reboot !== "window" || workMs === 0) return Math.max(latestMs, startMs + workMs);
  // A window that only the nodes know comes within a day.
  const doneMs =
    rebootWindow === undefined ? startMs + dayMs + workMs : windowsEndMs(rebootWindow, startMs, workMs);
  return Math.max(latestMs, doneMs + turnMs);
}

/** How long one turn may take until its nodes have committed, or count as failed. */
function turnOf(policy: HeadPolicy): number {
  const restart = policy.reboot === "never" ? 0 : restartMs;
  return Math.max(beginMs, activationMsOf(policy)) + probationMsOf(policy) + restart;
}

function turnsOf(moving: readonly number[], maxUnavailable: number | null): number {
  return moving.reduce((sum, count) => sum + Math.ceil(count / (maxUnavailable ?? Math.max(1, count))), 0);
}

/** The end of the window in which the work is done, when it goes on in each. */
function windowsEndMs({ from, to }: RebootWindow, startMs: number, workMs: number): number {
  const [fromMs, toMs] = [msOfDay(from), msOfDay(to)];
  const lengthMs = toMs > fromMs ? toMs - fromMs : toMs + dayMs - fromMs;
  let leftMs = workMs;
  let opensMs = Math.floor(startMs / dayMs) * dayMs - dayMs + fromMs;
  for (;;) {
    const closesMs = opensMs + lengthMs;
    leftMs -= Math.max(0, closesMs - Math.max(opensMs, startMs));
    if (leftMs <= 0) return closesMs;
    opensMs += dayMs;
  }
}

/** "HH:MM" */
function msOfDay(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * hourMs + minutes * minuteMs;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
