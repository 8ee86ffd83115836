// PURE. When in a rollout something happens to it: by the lead's record and the canary's state, both seen from outside.
import type { RolloutPhase, RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { StateWord } from "@chimera/proto/state-word";
import { z } from "zod";

export const Moment = z.enum([
  "staging",
  "canary wave",
  "probation",
  "later wave",
  "paused",
  "committed",
  "returned",
]);
export type Moment = z.infer<typeof Moment>;

/** Of every phase that a record can be in: one that is added there has no trials until it has a moment here. */
export const momentsOf = {
  staging: ["staging"],
  waves: ["canary wave", "probation", "later wave"],
  paused: ["paused"],
  committed: ["committed"],
  returned: ["returned"],
} as const satisfies Record<RolloutPhase, readonly [Moment, ...Moment[]]>;

export interface Sight {
  /** Of the rollout that is tried; null before its first record. */
  record: Pick<RolloutRecord, "phase" | "released"> | null;
  canary: StateWord | null;
}

type When = (sight: Sight & { record: NonNullable<Sight["record"]> }) => boolean;

const phaseIs =
  (phase: RolloutPhase): When =>
  ({ record }) =>
    record.phase === phase;
const inWaves =
  (when: (sight: { wave: number; canary: Sight["canary"] }) => boolean): When =>
  ({ record: { phase, released }, canary }) =>
    phase === "waves" && when({ wave: released?.wave ?? 0, canary });

const signs: Record<Moment, When> = {
  staging: phaseIs("staging"),
  "canary wave": inWaves(({ wave }) => wave === 0),
  probation: inWaves(({ canary }) => canary === "probation"),
  "later wave": inWaves(({ wave }) => wave > 0),
  paused: phaseIs("paused"),
  committed: phaseIs("committed"),
  returned: phaseIs("returned"),
};

/** Whether the moment is now. */
export function hasCome(moment: Moment, { record, canary }: Sight): boolean {
  return record !== null && signs[moment]({ record, canary });
}

/** Whether it will not come any more. */
export function hasPassed(moment: Moment, sight: Sight): boolean {
  const phase = sight.record?.phase;
  return (phase === "committed" || phase === "returned") && !hasCome(moment, sight);
}
