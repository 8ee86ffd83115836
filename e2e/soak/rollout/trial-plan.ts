// PURE. Which fault is tried at which moment: it follows from a seed and a number, so that it can be done again.
import { shuffled } from "../ledger/seeded.ts";
import type { Moment } from "./moments.ts";
import { rolloutFault, rolloutFaults } from "./rollout-faults.ts";

export interface TrialId {
  seed: number;
  trial: number;
}

export interface RolloutPlan {
  fault: string;
  moment: Moment;
}

/** A round is every fault once, each at another moment than in the round before. */
export const perRound = rolloutFaults.size;

export function planRollout({ seed, trial }: TrialId): RolloutPlan {
  const names = shuffled([...rolloutFaults.keys()], seed);
  const place = trial % names.length;
  const fault = names[place] ?? "nothing";
  const { moments } = rolloutFault(fault);
  const [first = "committed"] = moments;
  return { fault, moment: moments[(place + Math.floor(trial / names.length)) % moments.length] ?? first };
}
