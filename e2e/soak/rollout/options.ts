// PURE. The command line of `npm run soak -- rollout`, and which trials it means.
import { z } from "zod";
import { Replay, Seed } from "../ledger/seeded.ts";
import type { RolloutLine } from "./ledger-line.ts";
import { perRound, type TrialId } from "./trial-plan.ts";

export const rolloutUsage =
  "npm run soak -- rollout [--hours H | --trials N] [--seed S] [--replay SEED[:TRIAL]] [--ledger FILE]";

export const RolloutOptions = z
  .strictObject({
    hours: z.coerce.number().positive().max(240).optional(),
    trials: z.coerce.number().int().min(1).max(100_000).optional(),
    seed: Seed.optional(),
    replay: Replay.optional(),
    ledger: z.string().min(1).optional(),
  })
  .refine(
    ({ hours, trials }) => hours === undefined || trials === undefined,
    "--hours or --trials, not both",
  );
export type RolloutOptions = z.infer<typeof RolloutOptions>;

interface Choice extends Pick<RolloutOptions, "hours" | "trials" | "replay"> {
  seed: number;
  lines: readonly Pick<RolloutLine, "seed" | "trial">[];
  /** Any clock that does not step. */
  nowMs: () => number;
}

/** A seed goes on where the ledger's lines of it end; without a number of trials or hours, for one round of all faults. */
export function nextRollout({
  hours,
  trials,
  replay,
  seed,
  lines,
  nowMs,
}: Choice): () => TrialId | undefined {
  const known = lines.filter((line) => line.seed === (replay?.seed ?? seed)).map(({ trial }) => trial);
  if (replay !== undefined) {
    const wanted = replay.trial === undefined ? [...new Set(known)] : [replay.trial];
    const ids = wanted.map((trial) => ({ seed: replay.seed, trial }));
    return () => ids.shift();
  }
  const begun = nowMs();
  const first = Math.max(-1, ...known) + 1;
  let done = 0;
  return () => {
    const isOver = hours === undefined ? done >= (trials ?? perRound) : nowMs() - begun > hours * 3_600_000;
    if (isOver) return undefined;
    done += 1;
    return { seed, trial: first + done - 1 };
  };
}
