// PURE. Which trial comes next: numbers from 0 on, or those that the ledger knows of a seed.
import type { LedgerLine } from "./ledger-line.ts";
import type { ActivationOptions } from "./options.ts";
import type { Mode, TrialId } from "./trial-plan.ts";

export interface Choice extends Pick<ActivationOptions, "hours" | "trials" | "only" | "replay"> {
  seed: number;
  lines: readonly LedgerLine[];
  /** Any clock that does not step. */
  nowMs: () => number;
}

const usualTrials = 20;

export function nextOf(choice: Choice): () => TrialId | undefined {
  const wanted = choice.replay === undefined ? undefined : replayed(choice);
  const begun = choice.nowMs();
  let trial = 0;
  return () => {
    if (wanted !== undefined) return wanted.shift();
    if (isOver(choice, { trial, ms: choice.nowMs() - begun })) return undefined;
    const id = { seed: choice.seed, trial, only: choice.only ?? null };
    trial += 1;
    return id;
  };
}

function isOver({ hours, trials }: Choice, { trial, ms }: { trial: number; ms: number }): boolean {
  if (hours !== undefined) return ms > hours * 3_600_000;
  return trial >= (trials ?? usualTrials);
}

/** One that the ledger does not know is done with the mode that was given. */
function replayed({ replay, lines, only }: Choice): TrialId[] {
  const known = lines.filter(
    ({ seed, trial }) => seed === replay?.seed && (replay.trial === undefined || trial === replay.trial),
  );
  const ids = new Map(known.map((line) => [line.trial, idOf(line)]));
  if (ids.size > 0) return [...ids.values()];
  return replay?.trial === undefined ? [] : [{ seed: replay.seed, trial: replay.trial, only: only ?? null }];
}

function idOf({ seed, trial, only }: { seed: number; trial: number; only: Mode | null }): TrialId {
  return { seed, trial, only };
}
