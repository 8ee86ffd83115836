// PURE. When in a rollout something happens to it: by the lead's record and the canary's state, both seen from outside.
import type { RolloutPhase, RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { z } from "zod";

export const Moment = z.enum([
  "staging",
  "canary wave",
  "probation",
  "later wave",
  "last wave",
  "paused",
  "committed",
  "returned",
]);
export type Moment = z.infer<typeof Moment>;

/** Of every phase that a record can be in: one that is added there has no trials until it has a moment here. */
export const momentsOf = {
  staging: ["staging"],
  waves: ["canary wave", "probation", "later wave", "last wave"],
  paused: ["paused"],
  committed: ["committed"],
  returned: ["returned"],
} as const satisfies Record<RolloutPhase, readonly [Moment, ...Moment[]]>;

export interface Sight {
  /** Of the rollout that is tried; null before its first record. */
  record: Pick<RolloutRecord, "phase" | "released"> | null;
  canary: string | null;
  /** Of the last node of the last wave. */
  last: string | null;
}

type When = (sight: Sight & { record: NonNullable<Sight["record"]> }) => boolean;

const phaseIs =
  (phase: RolloutPhase): When =>
  ({ record }) =>
    record.phase === phase;
const inWaves =
  (when: (sight: Pick<Sight, "canary" | "last"> & { wave: number }) => boolean): When =>
  ({ record: { phase, released }, canary, last }) =>
    phase === "waves" && when({ wave: released?.wave ?? 0, canary, last });

const signs: Record<Moment, When> = {
  staging: phaseIs("staging"),
  "canary wave": inWaves(({ wave }) => wave === 0),
  probation: inWaves(({ canary }) => canary === "probation"),
  "later wave": inWaves(({ wave }) => wave > 0),
  // All of it is in the middle of its switch.
  "last wave": inWaves(({ wave, last }) => wave > 1 && last === "probation"),
  paused: phaseIs("paused"),
  committed: phaseIs("committed"),
  returned: phaseIs("returned"),
};

/** Whether the moment is now. */
export function hasCome(moment: Moment, { record, ...others }: Sight): boolean {
  return record !== null && signs[moment]({ record, ...others });
}

/** Whether it will not come any more. */
export function hasPassed(moment: Moment, sight: Sight): boolean {
  const phase = sight.record?.phase;
  return (phase === "committed" || phase === "returned") && !hasCome(moment, sight);
}
