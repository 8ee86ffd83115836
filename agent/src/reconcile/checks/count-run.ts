/** PURE. What one more run changes in a check's counts, and whether anybody has to know. */
import type { CheckResult, HealthCheck } from "@chimera/proto/health-check";
import type { CheckOutcome } from "./check-outcome.ts";

const maxMessage = 512;

export function noRuns({ name, kind }: Pick<HealthCheck, "name" | "kind">): CheckResult {
  return { name, kind, passesInRow: 0, failuresInRow: 0, runs: 0, message: null, at: null };
}

export interface EndedRun {
  outcome: CheckOutcome;
  /** Whether it began after the grace; a pass counts at any time. */
  isCounted: boolean;
  at: string;
}

export function countRun(
  { passes, failures }: Pick<HealthCheck, "passes" | "failures">,
  before: CheckResult,
  { outcome, isCounted, at }: EndedRun,
): { result: CheckResult; isNews: boolean } {
  const message = outcome.message.slice(0, maxMessage).toWellFormed();
  const ended = { ...before, runs: before.runs + 1, message, at };
  if (outcome.kind === "passed") {
    const passesInRow = before.passesInRow + 1;
    const isNews = before.failuresInRow > 0 || passesInRow === passes;
    return { result: { ...ended, passesInRow, failuresInRow: 0 }, isNews };
  }
  const failuresInRow = before.failuresInRow + (isCounted ? 1 : 0);
  const isNews = before.passesInRow > 0 || (isCounted && failuresInRow === failures);
  return { result: { ...ended, passesInRow: 0, failuresInRow }, isNews };
}
