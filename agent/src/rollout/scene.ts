/** PURE. What the lead's judgement works with, and how its steps are written down. */
import type { FailedNode, RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { LeadSight, LeadStep } from "./lead-sight.ts";
import type { Failures, Outcomes } from "./outcomes.ts";

export interface Scene extends LeadSight {
  outcomes: Outcomes;
  failures: Failures;
}

/** All of a step but what its caller counts. */
export type Step = Omit<LeadStep, "lost">;

/** The whole fleet goes back, where the head consents to that; else nobody goes on. */
export function giveUp(scene: Scene, reason: string): Step {
  return scene.mayReturn
    ? write(scene, { phase: "returned", reason })
    : write(scene, { phase: "paused", reason: `${reason}; nobody consented to go back` });
}

/** The record as it is, but for who has failed since. */
export function noted(scene: Scene, waiting: string): Step {
  const { record, failures } = scene;
  if (failures.count === (record.failedCount ?? 0)) return { record: null, gate: null, waiting };
  return { ...write(scene, {}), waiting };
}

export function write(scene: Scene, changes: Partial<RolloutRecord>): Step {
  const { record, at, failures } = scene;
  const reason = (changes.reason ?? record.reason).slice(0, 1024);
  const failed = { failed: namedIn(scene), failedCount: failures.count, ...toleratedOf(scene) };
  return { record: { ...record, ...failed, ...changes, reason, at }, gate: null, waiting: reason };
}

/** Whom an operator has seen before stays that, for as long as it fails. */
function namedIn({ record: { failed = [] }, failures }: Scene): FailedNode[] {
  const seen = new Set(failed.flatMap(({ node, isSeen }) => (isSeen === true ? [node] : [])));
  return failures.named.map((one) => (seen.has(one.node) ? { ...one, isSeen: true } : one));
}

/** Never more than there are: what healed is not what the next failure may be. */
function toleratedOf({ record, failures }: Scene): Pick<RolloutRecord, "tolerated"> {
  return record.tolerated === undefined ? {} : { tolerated: Math.min(record.tolerated, failures.count) };
}

export function waveName({ waves: all }: Scene, number: number): string {
  return `wave ${number + 1} of ${all.length}`;
}

/** Nodes of the waves before that one. */
export function countBefore(all: Scene["waves"], number: number): number {
  return all.slice(0, number).reduce((sum, { length }) => sum + length, 0);
}
