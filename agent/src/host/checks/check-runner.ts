/** SHELL. Runs this node's health checks, each at its own pace, from an activation's end to the next one's. */
import type { CheckResult, HealthCheck } from "@chimera/proto/health-check";
import { createLookup } from "./lookup-once.ts";
import { openCheck, type CheckPlaces, type CheckTools } from "./open-check.ts";
import { createRunSlots } from "./run-slots.ts";
import { scheduleCheck, type ScheduledCheck } from "./schedule-check.ts";

export interface CheckRunnerOptions extends Pick<CheckTools, "hasContact" | "toplevel" | "uptimeMs"> {
  /** A check turned, or reached the passes or failures that somebody waits for. Not for each run. */
  onChange: () => void;
  now: () => string;
  places?: CheckPlaces;
}

interface CheckBegin {
  /** The same again changes nothing; another ends what runs, and all counts begin at zero. */
  id: string;
  /** Uptime of the activation's end: each check's grace counts from there. */
  sinceMs: number;
  checks: readonly HealthCheck[];
}

export interface CheckRunner {
  begin: (run: CheckBegin) => void;
  /** In the order of the checks. */
  results: () => CheckResult[];
  /** Ends all that runs, programs included; nothing begins any more. */
  stop: () => void;
}

/** A machine of few cores must not be slowed down by being looked at. */
const atOnce = 8;

export function createCheckRunner(options: CheckRunnerOptions): CheckRunner {
  const { onChange, places = {} } = options;
  const tools: CheckTools = { ...options, lookup: createLookup(), places };
  const slots = createRunSlots(atOnce);
  let current: string | null = null;
  let isStopped = false;
  let scheduled: ScheduledCheck[] = [];
  const endAll = () => {
    for (const check of scheduled) check.stop();
  };
  return {
    begin({ id, sinceMs, checks }) {
      if (isStopped || id === current) return;
      endAll();
      current = id;
      scheduled = checks
        .filter(({ from }) => from === "node")
        .map((check) =>
          scheduleCheck({
            ...options,
            check,
            run: openCheck(check, tools),
            slots,
            sinceMs,
            onNews: onChange,
          }),
        );
    },
    results: () => scheduled.map((check) => check.result()),
    stop() {
      isStopped = true;
      endAll();
    },
  };
}
