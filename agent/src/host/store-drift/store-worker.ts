/**
 * SHELL. A process that looks at store paths, one step at a time: of what it was asked, what has a hurry comes first. Its own process,
 * since the end of a thread once took the agent with it, and since its memory goes back to the system with it.
 */
import { writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { attempt } from "../errno-outcome.ts";
import { hashSteps } from "./hash-nar.ts";
import { JobMessage, WorkerSettings, type AnswerMessage, type Pace, type StoreJob } from "./store-jobs.ts";
import { createPacer, type Pacer } from "./store-pacer.ts";
import type { Steps } from "./steps.ts";
import { walkSteps } from "./walk-path.ts";

interface Task {
  id: number;
  pace: Pace;
  steps: Steps<object>;
}

interface State {
  settings: WorkerSettings | null;
  tasks: Task[];
  isOver: boolean;
  /** Ends whatever is waited for. */
  wake: () => void;
}

/** Ends with the agent, or when that lets go of it. Throws usage where no agent started it. */
export async function serveStoreJobs(): Promise<void> {
  const send = process.send?.bind(process);
  if (send === undefined)
    throw new ChimeraError("usage", "store-worker is a process of the agent's own, not a command");
  dieFirst();
  const state: State = { settings: null, tasks: [], isOver: false, wake: () => undefined };
  process.on("message", (message: unknown) => {
    if (state.settings === null) state.settings = WorkerSettings.parse(message);
    else state.tasks.push(taskOf(JobMessage.parse(message), state.settings));
    state.wake();
  });
  process.once("disconnect", () => {
    state.isOver = true;
    state.wake();
  });
  while (!state.isOver && state.tasks.length === 0) await arrival(state);
  const pacer = createPacer(state.settings ?? { isPaced: true });
  while (!state.isOver) await turn(state, pacer, send);
}

/** One step of the most urgent task, and the rest after it. */
async function turn(state: State, pacer: Pacer, send: (message: AnswerMessage) => unknown): Promise<void> {
  const { tasks } = state;
  const task = tasks.find(({ pace }) => pace === "soon") ?? tasks[0];
  if (task === undefined) return arrival(state);
  pacer.take(task.pace);
  const step = task.steps.next();
  if (step.done === true) {
    tasks.splice(tasks.indexOf(task), 1);
    send({ id: task.id, answer: step.value });
  }
  return rest(state, pacer.owedMs());
}

function arrival(state: State): Promise<void> {
  return new Promise((resolve) => {
    state.wake = resolve;
  });
}

/** What arrives meanwhile is looked at before the rest is over. */
async function rest(state: State, ms: number): Promise<void> {
  if (ms === 0) {
    await setImmediate();
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, arrival(state)]);
  clearTimeout(timer);
}

function taskOf({ id, job }: JobMessage, settings: WorkerSettings): Task {
  return { id, pace: job.pace, steps: stepsOf(job, settings) };
}

function* stepsOf(job: StoreJob, { root, uid }: WorkerSettings): Steps<object> {
  if (job.kind === "hash") {
    const { path, narSize } = job.target;
    return { hashed: yield* hashSteps(`${root}${path}`, { narSize }) };
  }
  const walked: object[] = [];
  for (const { path, narSize } of job.targets) {
    walked.push(yield* walkSteps(`${root}${path}`, { narSize, uid }));
    yield;
  }
  return { walked };
}

/** Of the two it is the one that a machine without memory can spare. */
function dieFirst(): void {
  attempt(() => writeFileSync("/proc/self/oom_score_adj", "500"));
}
