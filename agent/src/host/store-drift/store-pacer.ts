/** SHELL. Keeps the store worker to its share of a core, and to the lowest priorities while nothing has a hurry. */
import { spawnSync } from "node:child_process";
import { constants, setPriority } from "node:os";
import { mostOwedMs, openBudget, spendCpu } from "../../reconcile/store-drift/cpu-budget.ts";
import { attempt } from "../errno-outcome.ts";
import { toolEnvironment } from "../run.ts";
import type { Pace } from "./store-jobs.ts";

export interface Pacer {
  take(pace: Pace): void;
  /** How long it is to rest before it goes on at the pace that it has. */
  owedMs(): number;
}

const startMs = 5_000;
const mayOweMs: Readonly<Record<Pace, number>> = { soon: mostOwedMs, idle: 0 };
const nice: Readonly<Record<Pace, number>> = { soon: 0, idle: constants.priority.PRIORITY_LOW };
/** Best effort and idle of ionice(1). */
const ioClass: Readonly<Record<Pace, string>> = { soon: "2", idle: "3" };

export function createPacer({ isPaced }: { isPaced: boolean }): Pacer {
  if (!isPaced) return { take: () => undefined, owedMs: () => 0 };
  let budget = openBudget(clock());
  let pace: Pace | null = null;
  return {
    take(next) {
      if (next === pace) return;
      pace = next;
      setPriorities(next);
    },
    owedMs() {
      const spent = spendCpu(budget, { ...clock(), mayOweMs: mayOweMs[pace ?? "idle"] });
      ({ budget } = spent);
      return spent.restMs;
    },
  };
}

/** Who may not take a priority back stays as nice as it was. */
function setPriorities(pace: Pace): void {
  attempt(() => setPriority(nice[pace]));
  // Where it is missing, a nice process still has the lowest priority of the usual class.
  const args = ["-c", ioClass[pace], "-p", `${process.pid}`];
  spawnSync("ionice", args, { timeout: startMs, env: toolEnvironment(), stdio: "ignore" });
}

function clock(): { nowMs: number; cpuMs: number } {
  const { user, system } = process.cpuUsage();
  return { nowMs: performance.now(), cpuMs: (user + system) / 1000 };
}
