/**
 * SHELL. A thread that looks at store paths one at a time. It has a nice value of its own and may wait where it likes: nothing else
 * runs in it. It lives only while there is something to look at.
 */
import { spawnSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { ChimeraError } from "@chimera/proto/errors";
import { mostOwedMs, openBudget, spendCpu } from "../../reconcile/store-drift/cpu-budget.ts";
import { attempt } from "../errno-outcome.ts";
import { hashNar } from "./hash-nar.ts";
import {
  endWord,
  StoreJob,
  WorkerSettings,
  type HashAnswer,
  type Pace,
  type WalkAnswer,
} from "./store-jobs.ts";
import { walkPath } from "./walk-path.ts";

/** Ends with its port. Throws usage outside of a worker. */
export async function serveStoreJobs(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new ChimeraError("usage", "store-worker is a thread of the agent, not a command");
  const { isPaced, ...places } = WorkerSettings.parse(workerData);
  const pacer = isPaced ? createPacer() : null;
  const limits = { ...places, breathe: () => pacer?.breathe() };
  port.on("message", (message: unknown) => {
    if (message === endWord) {
      port.close();
      return;
    }
    const job = StoreJob.parse(message);
    pacer?.take(job.pace);
    port.postMessage(answer(job, limits));
  });
  await new Promise((resolve) => port.once("close", resolve));
}

function answer(job: StoreJob, limits: Omit<WorkerSettings, "isPaced"> & { breathe: () => void }) {
  const { root, breathe } = limits;
  breathe();
  if (job.kind === "walk") {
    const walked = job.targets.map(({ path, narSize }) => walkPath(`${root}${path}`, { ...limits, narSize }));
    return { walked } satisfies WalkAnswer;
  }
  const { path, narSize } = job.target;
  return { hashed: hashNar(`${root}${path}`, { breathe, narSize }) } satisfies HashAnswer;
}

const startMs = 5_000;
const mayOweMs: Readonly<Record<Pace, number>> = { soon: mostOwedMs, idle: 0 };
const nice: Readonly<Record<Pace, number>> = { soon: 0, idle: constants.priority.PRIORITY_LOW };

function createPacer(): { take: (pace: Pace) => void; breathe: () => void } {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  let budget = openBudget(clock());
  let pace: Pace = "idle";
  beIdle();
  return {
    take(next) {
      if (next === pace) return;
      pace = next;
      // On Linux each thread has a nice value of its own. Who may not take it back stays as nice as it was.
      attempt(() => setPriority(nice[next]));
    },
    breathe() {
      const spent = spendCpu(budget, { ...clock(), mayOweMs: mayOweMs[pace] });
      ({ budget } = spent);
      if (spent.restMs > 0) Atomics.wait(cell, 0, 0, spent.restMs);
    },
  };
}

/** Of input and output the idle class, whatever the pace. */
function beIdle(): void {
  attempt(() => setPriority(nice.idle));
  const thread = readlinkSync("/proc/thread-self").split("/").at(-1) ?? "";
  const path = [process.env["PATH"] ?? "", "/run/current-system/sw/bin", "/usr/bin"].join(":");
  // Where it is missing, a nice thread still has the lowest priority of the usual class.
  spawnSync("ionice", ["-c", "3", "-p", thread], { timeout: startMs, env: { PATH: path }, stdio: "ignore" });
}

function clock(): { nowMs: number; cpuMs: number } {
  const { user, system } = process.threadCpuUsage();
  return { nowMs: performance.now(), cpuMs: (user + system) / 1000 };
}
