/**
 * PURE. The lead's whole judgement: what the nodes say and the record that stands give the next record, or what is waited
 * for. Whoever takes over the lease decides the same from the same.
 */
import type { NodeName } from "@chimera/proto/names";
import { provenOf } from "@chimera/proto/rollout/rollout-policy";
import { isNewAsk } from "@chimera/proto/rollout/rollout-ask";
import type { Released, RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Ask, LeadSight, LeadStep } from "./lead-sight.ts";
import type { Outcome } from "./node-outcome.ts";
import {
  failuresOf,
  isProvenThrough,
  namesIn,
  namesOf,
  outcomesOf,
  someOf,
  summary,
  type Failures,
  type Outcomes,
} from "./outcomes.ts";

interface Scene extends LeadSight {
  outcomes: Outcomes;
  failures: Failures;
}

export function decideRollout(sight: LeadSight): LeadStep {
  if (isOver(sight)) return { record: null, gate: null, waiting: "" };
  const outcomes = outcomesOf(sight);
  const scene: Scene = { ...sight, outcomes, failures: failuresOf(sight, outcomes) };
  const { ask, record } = sight;
  if (ask !== null && isNewAsk(ask, record, Date.parse(sight.at))) return answer(scene, ask);
  const stopped = stopOf(scene);
  if (stopped !== null) return stopped;
  switch (record.phase) {
    // Nodes go back for none that their head does not consent to: somebody else wrote it, or it came too late.
    case "returned":
      return giveUp(scene, record.reason);
    case "committed":
      return write(scene, {
        phase: "waves",
        reason: "it is not committed by as many signatures as it must be",
      });
    case "paused":
      return noted(scene, scene.record.reason);
    case "staging":
      return staging(scene);
    case "waves":
      return waves(scene);
  }
}

function isOver(sight: LeadSight): boolean {
  const { record, mayReturn } = sight;
  if (record.phase === "committed") return isProvenThrough(sight);
  return record.phase === "returned" && mayReturn;
}

/** What an operator signed comes before everything else. */
function answer(scene: Scene, ask: Ask): LeadStep {
  const step = answerTo(scene, ask);
  const { nonce, createdAt } = ask;
  return { ...step, record: { ...(step.record ?? scene.record), answered: { nonce, createdAt } } };
}

function answerTo(scene: Scene, { kind, author, reason }: Ask): LeadStep {
  const { record, failures } = scene;
  const why = reason === "" ? author : `${author}: ${reason}`;
  switch (kind) {
    case "pause":
      return write(scene, { phase: "paused", reason: `paused by ${why}` });
    case "abort":
      return giveUp(scene, `aborted by ${why}`);
    case "resume": {
      if (record.phase !== "paused") return noted(scene, "it is not paused");
      const phase = (record.released ?? null) === null ? "staging" : "waves";
      return write(scene, { phase, reason: `resumed by ${why}`, tolerated: failures.count });
    }
  }
}

/** Null where it may go on. */
function stopOf(scene: Scene): LeadStep | null {
  const { record, failures, policy } = scene;
  if (record.phase === "paused") return null;
  const fresh = failures.count - (record.tolerated ?? 0);
  if (fresh <= 0) return null;
  if (failures.holding !== null) return write(scene, { phase: "paused", reason: failures.holding });
  if (isOutage(scene)) {
    const reason = `${failures.byContact} nodes lost contact at once: this looks like the network, not like the new system`;
    return write(scene, { phase: "paused", reason });
  }
  return fresh > policy.maxFailed ? fail(scene) : null;
}

/** More than half of those that were let go. */
function isOutage({ failures, record, waves: all }: Scene): boolean {
  const released = record.released ?? null;
  return failures.byContact >= 2 && failures.byContact * 2 > countReleased(all, released);
}

function fail(scene: Scene): LeadStep {
  const { failures, policy } = scene;
  const [first] = failures.named;
  const more = failures.count > 1 ? `, and ${failures.count - 1} more` : "";
  const reason = `${failures.count} failed, ${policy.maxFailed} may: ${first?.node ?? ""} ${first?.reason ?? ""}${more}`;
  return policy.onFailure === "return" ? giveUp(scene, reason) : write(scene, { phase: "paused", reason });
}

/** The whole fleet goes back, where the head consents to that; else nobody goes on. */
function giveUp(scene: Scene, reason: string): LeadStep {
  return scene.mayReturn
    ? write(scene, { phase: "returned", reason })
    : write(scene, { phase: "paused", reason: `${reason}; nobody consented to go back` });
}

/** Everybody who can be reached has all that it needs, before anybody begins. */
function staging(scene: Scene): LeadStep {
  const { outcomes } = scene;
  const getting = namesOf(outcomes, "getting-ready");
  if (getting.length > 0) return noted(scene, `${getting.length} are getting ready: ${someOf(getting)}`);
  return release(scene, { wave: 0, first: 0 });
}

function waves(scene: Scene): LeadStep {
  const released = scene.record.released ?? { wave: 0, first: 0 };
  const wave = scene.waves[released.wave] ?? [];
  const open = wave.slice(0, released.first).filter((node) => isOpen(scene.outcomes.get(node)));
  if (released.first < wave.length) return release(scene, released);
  if (open.length > 0) return noted(scene, `${waveName(scene, released.wave)}: ${someOf(open)}`);
  return endWave(scene, released.wave, wave);
}

/** As many more of this wave as may be on their way at once. */
function release(scene: Scene, { wave: number, first }: Released): LeadStep {
  const { policy, outcomes } = scene;
  const wave = scene.waves[number] ?? [];
  const open = wave.slice(0, first).filter((node) => isOpen(outcomes.get(node)));
  const most = policy.maxUnavailable ?? wave.length;
  const next = first + freeIn(wave.slice(first), { outcomes, free: most - open.length });
  if (next === first) return noted(scene, `${waveName(scene, number)}: ${someOf(open)}`);
  const reason = `${waveName(scene, number)}: ${next} of ${wave.length} may go`;
  return write(scene, { phase: "waves", reason, released: { wave: number, first: next } });
}

/** How many from the front may go at once; those that nobody waits for take no place. */
function freeIn(
  nodes: readonly NodeName[],
  { outcomes, free }: { outcomes: Outcomes; free: number },
): number {
  let left = free;
  const blocked = nodes.findIndex((node) => {
    if (isOpen(outcomes.get(node))) left -= 1;
    return left < 0;
  });
  return blocked < 0 ? nodes.length : blocked;
}

/** Nobody goes on what another wave did not prove. */
function endWave(scene: Scene, number: number, wave: readonly NodeName[]): LeadStep {
  const { outcomes, policy, waves: all } = scene;
  const committed = wave.filter((node) => outcomes.get(node)?.kind === "committed");
  const needed = provenOf(policy, wave.length);
  const isLast = number === all.length - 1;
  if (isLast && namesOf(outcomes, "committed").length > 0) return endAll(scene);
  return committed.length < needed
    ? shortOf(scene, number, committed.length)
    : { ...release(scene, { wave: number + 1, first: 0 }), gate: number };
}

/** Every wave but the last is still proven, by the rule by which whoever reads "committed" believes it. */
function endAll(scene: Scene): LeadStep {
  const { nodes, policy, waves: all, outcomes } = scene;
  const proven = all.map((wave) => wave.filter((node) => nodes.get(node)?.isProven === true).length);
  const short = proven.findIndex(
    (count, number) => number < all.length - 1 && count < provenOf(policy, all[number]?.length ?? 0),
  );
  return short < 0
    ? write(scene, { phase: "committed", reason: summary(outcomes) })
    : shortOf(scene, short, proven[short] ?? 0);
}

/** Fewer have committed than are needed: those that are away may still prove it, else a person is asked. */
function shortOf(scene: Scene, number: number, committed: number): LeadStep {
  const wave = scene.waves[number] ?? [];
  const needed = provenOf(scene.policy, wave.length);
  const away = namesIn(wave, scene.outcomes, "away");
  if (committed + away.length >= needed) {
    const names = `${waveName(scene, number)}: ${committed} of ${needed} that are needed have committed`;
    return noted(scene, `${names}; ${someOf(away)} ${away.length === 1 ? "is" : "are"} away`);
  }
  const reason = `${waveName(scene, number)}: ${committed} of ${wave.length} committed, ${needed} are needed`;
  return write(scene, { phase: "paused", reason });
}

/** One that gets ready only now was away before: it goes when it has all that it needs, and nobody waits for it. */
function isOpen(outcome: Outcome | undefined): boolean {
  return outcome?.kind === "staged" || outcome?.kind === "under-way";
}

function countReleased(all: Scene["waves"], released: Released | null): number {
  if (released === null) return 0;
  const before = all.slice(0, released.wave).reduce((sum, wave) => sum + wave.length, 0);
  return before + released.first;
}

/** The record as it is, but for who has failed since. */
function noted(scene: Scene, waiting: string): LeadStep {
  const { record, failures } = scene;
  if (failures.count === (record.failedCount ?? 0)) return { record: null, gate: null, waiting };
  return { ...write(scene, {}), waiting };
}

function write(scene: Scene, changes: Partial<RolloutRecord>): LeadStep {
  const { record, at, failures } = scene;
  const reason = (changes.reason ?? record.reason).slice(0, 1024);
  const failed = { failed: failures.named, failedCount: failures.count, ...toleratedOf(scene) };
  return { record: { ...record, ...failed, ...changes, reason, at }, gate: null, waiting: reason };
}

/** Never more than there are: what healed is not what the next failure may be. */
function toleratedOf({ record, failures }: Scene): Pick<RolloutRecord, "tolerated"> {
  return record.tolerated === undefined ? {} : { tolerated: Math.min(record.tolerated, failures.count) };
}

function waveName({ waves: all }: Scene, number: number): string {
  return `wave ${number + 1} of ${all.length}`;
}
