// PURE. Which trial comes next: numbers from 0 on, or those that the ledger knows of a seed.
import type { LedgerLine } from "./ledger-line.ts";
import type { ActivationOptions } from "./options.ts";
import type { TrialId } from "./trial-plan.ts";

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

/** Trials of VMs are never mixed with others. */
export function machineOf(choice: Choice): "container" | "vm" {
  const ids = choice.replay === undefined ? [] : replayed(choice);
  return [choice, ...ids].some(({ only }) => only === "vm") ? "vm" : "container";
}

/** One that the ledger does not know is done with the mode that was given. */
function replayed({ replay, lines, only }: Choice): TrialId[] {
  if (replay === undefined) return [];
  const { seed, trial } = replay;
  const known = lines.filter((line) => line.seed === seed && (trial === undefined || line.trial === trial));
  const ids = new Map(known.map((line) => [line.trial, { seed, trial: line.trial, only: line.only }]));
  if (ids.size > 0) return [...ids.values()];
  return trial === undefined ? [] : [{ seed, trial, only: only ?? null }];
}
