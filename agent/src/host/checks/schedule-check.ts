/**
 * SHELL. One check's runs, one after the other, with the counts of its passes and failures. A run that does not end
 * when it is told to is left to itself, and until it has ended no other is begun.
 */
import type { CheckResult, HealthCheck } from "@chimera/proto/health-check";
import { countRun, noRuns } from "../../reconcile/checks/count-run.ts";
import { failed, type CheckOutcome } from "../../reconcile/checks/check-outcome.ts";
import type { CheckRun } from "./check-run.ts";
import type { RunSlots } from "./run-slots.ts";

export interface ScheduleOptions {
  check: HealthCheck;
  run: CheckRun;
  slots: RunSlots;
  /** Uptime from which the grace counts. */
  sinceMs: number;
  uptimeMs: () => number;
  now: () => string;
  /** The check turned, or has reached one of its numbers. */
  onNews: () => void;
}

export interface ScheduledCheck {
  result: () => CheckResult;
  stop: () => void;
}

interface State {
  result: CheckResult;
  stopped: AbortController;
  /** Of the run that is under way. */
  runs: AbortController | null;
}

export function scheduleCheck(options: ScheduleOptions): ScheduledCheck {
  const state: State = { result: noRuns(options.check), stopped: new AbortController(), runs: null };
  void keepRunning(options, state);
  return {
    result: () => state.result,
    stop() {
      state.stopped.abort();
      state.runs?.abort();
    },
  };
}

async function keepRunning(options: ScheduleOptions, state: State): Promise<void> {
  const { check, sinceMs, uptimeMs } = options;
  const { signal } = state.stopped;
  while (!signal.aborted) {
    const giveBack = await options.slots.take();
    const isCounted = uptimeMs() - sinceMs >= check.graceSeconds * 1000;
    const outcome = signal.aborted ? null : await runOnce(options, state);
    giveBack();
    if (outcome === null || signal.aborted) return;
    const { result, isNews } = countRun(check, state.result, { outcome, isCounted, at: options.now() });
    state.result = result;
    if (isNews) options.onNews();
    await pause(check.everySeconds * 1000, signal);
  }
}

async function runOnce({ check, run }: ScheduleOptions, state: State): Promise<CheckOutcome> {
  if (state.runs !== null) return failed("the run before has not ended, though it was told to");
  const runs = new AbortController();
  state.runs = runs;
  const outcome = guarded(run, runs.signal).finally(() => {
    state.runs = null;
  });
  const inTime = await Promise.race([outcome, pause(check.timeoutSeconds * 1000, runs.signal)]);
  runs.abort();
  return inTime ?? failed(`ran longer than ${check.timeoutSeconds} s`);
}

/** Whatever goes wrong in a check says nothing good about the system. */
async function guarded(run: CheckRun, signal: AbortSignal): Promise<CheckOutcome> {
  try {
    return await run(signal);
  } catch (error) {
    return failed(`could not be run: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Ends early with the signal. */
function pause(ms: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve(undefined);
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
