// PURE. The command line of `npm run soak -- rollout`, and which trials it means.
import { z } from "zod";
import { Replay, Seed } from "../ledger/seeded.ts";
import type { RolloutLine } from "./ledger-line.ts";
import { Moment } from "./moments.ts";
import { perRound, planRollout, type TrialId } from "./trial-plan.ts";

export const rolloutUsage =
  "npm run soak -- rollout [--hours H | --trials N] [--missing] [--seed S] [--replay SEED[:TRIAL]] [--ledger FILE]";

export const RolloutOptions = z
  .strictObject({
    hours: z.coerce.number().positive().max(240).optional(),
    trials: z.coerce.number().int().min(1).max(100_000).optional(),
    /** Only what no trial of the ledger has met at its moment and ended well. */
    missing: z.boolean().default(false),
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
  missing?: boolean;
  lines: readonly Pick<RolloutLine, "seed" | "trial" | "fault" | "moment" | "hit" | "ok">[];
  /** Any clock that does not step. */
  nowMs: () => number;
}

/** A seed goes on where the ledger's lines of it end; without a number of trials or hours, for one round of all faults. */
export function nextRollout({
  hours,
  trials,
  replay,
  missing,
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
  const most = missing === true ? Infinity : perRound;
  const wanted = missing === true ? missingTrials(seed, lines) : trialsFrom(Math.max(-1, ...known) + 1);
  let done = 0;
  return () => {
    const isOver = hours === undefined ? done >= (trials ?? most) : nowMs() - begun > hours * 3_600_000;
    const { value: trial } = isOver ? { value: undefined } : wanted.next();
    if (trial === undefined) return undefined;
    done += 1;
    return { seed, trial };
  };
}

function* trialsFrom(first: number): Generator<number, undefined> {
  for (let trial = first; ; trial += 1) yield trial;
}

function cellOf({ fault, moment }: Pick<RolloutLine, "fault" | "moment">): string {
  return `${fault}; ${moment}`;
}

/** One for each fault at each of its moments: of a seed as many numbers bring all of them. */
function* missingTrials(seed: number, lines: Choice["lines"]): Generator<number, undefined> {
  const met = new Set(lines.filter(({ hit, ok }) => hit && ok).map(cellOf));
  for (let trial = 0; trial < perRound * Moment.options.length; trial += 1) {
    const cell = cellOf(planRollout({ seed, trial }));
    if (!met.has(cell)) yield trial;
    met.add(cell);
  }
  return undefined;
}
