/**
 * PURE. The lead's whole judgement: what the nodes say and the record that stands give the next record, or what is waited
 * for. Whoever takes over the lease decides the same from the same.
 */
import { isNewAsk } from "@chimera/proto/rollout/rollout-ask";
import { provenOf } from "@chimera/proto/rollout/rollout-policy";
import type { NodeName } from "@chimera/proto/names";
import type { Ask, LeadSight, LeadStep } from "./lead-sight.ts";
import { failuresOf, namesIn, namesOf, outcomesOf, someOf, summary } from "./outcomes.ts";
import { isOpen, readmit, release } from "./release.ts";
import { giveUp, noted, waveName, write, type Scene, type Step } from "./scene.ts";
import { isSettled } from "./settled.ts";
import { stopOf } from "./stops.ts";

export function decideRollout(sight: LeadSight): LeadStep {
  if (isOver(sight)) return { record: null, gate: null, waiting: "", lost: 0 };
  const outcomes = outcomesOf(sight);
  const failures = failuresOf(sight, outcomes);
  return { ...decide({ ...sight, outcomes, failures }), lost: failures.byContact.length };
}

function decide(scene: Scene): Step {
  const { ask, record } = scene;
  if (ask !== null && isNewAsk(ask, record, scene.utcMs)) return answer(scene, ask);
  const stopped = stopOf(scene);
  if (stopped !== null) return stopped;
  switch (record.phase) {
    // Nodes go back for none that their head does not consent to: somebody else wrote it, or it came too late.
    case "returned":
      return giveUp(scene, record.reason);
    case "committed":
      return write(scene, {
        phase: "waves",
        reason: "it is not over: somebody is on the way, or fewer than must have signed that they committed",
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
  if (record.phase === "committed") return isSettled(sight);
  return record.phase === "returned" && mayReturn;
}

/** What an operator signed comes before everything else. */
function answer(scene: Scene, ask: Ask): Step {
  const step = answerTo(scene, ask);
  const { nonce, createdAt } = ask;
  return { ...step, record: { ...(step.record ?? scene.record), answered: { nonce, createdAt } } };
}

function answerTo(scene: Scene, { kind, author, reason }: Ask): Step {
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
      const failed = failures.named.map((one) => ({ ...one, isSeen: true as const }));
      return write(scene, { phase, reason: `resumed by ${why}`, tolerated: failures.count, failed });
    }
  }
}

/** Everybody who can be reached has all that it needs, before anybody begins. */
function staging(scene: Scene): Step {
  const { outcomes } = scene;
  const getting = namesOf(outcomes, "getting-ready");
  if (getting.length > 0) return noted(scene, `${getting.length} are getting ready: ${someOf(getting)}`);
  return release(scene, { wave: 0, first: 0 });
}

function waves(scene: Scene): Step {
  const released = scene.record.released ?? { wave: 0, first: 0 };
  const wave = scene.waves[released.wave] ?? [];
  const open = wave.slice(0, released.first).filter((node) => isOpen(scene.outcomes.get(node)));
  if (released.first < wave.length) return release(scene, released);
  const returned = readmit(scene, released);
  if (returned !== null) return returned;
  if (open.length > 0) return noted(scene, `${waveName(scene, released.wave)}: ${someOf(open)}`);
  return endWave(scene, released.wave, wave);
}

/** Nobody goes on what another wave did not prove. */
function endWave(scene: Scene, number: number, wave: readonly NodeName[]): Step {
  const { outcomes, policy, waves: all } = scene;
  const committed = wave.filter((node) => outcomes.get(node)?.kind === "committed");
  const needed = provenOf(policy, wave.length);
  const isLast = number === all.length - 1;
  if (isLast && namesOf(outcomes, "committed").length > 0) return endAll(scene);
  return committed.length < needed
    ? shortOf(scene, number, committed.length)
    : { ...release(scene, { ...scene.record.released, wave: number + 1, first: 0 }), gate: number };
}

/** Every wave but the last is still proven, by the rule by which whoever reads "committed" believes it. */
function endAll(scene: Scene): Step {
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
function shortOf(scene: Scene, number: number, committed: number): Step {
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
