/** SHELL. Asks the store worker, one job at a time; starts it for the first and ends it when nothing was asked for a while. */
import { Worker } from "node:worker_threads";
import { ChimeraError } from "@chimera/proto/errors";
import pLimit from "p-limit";
import type { z } from "zod";
import type { ExpectedPath, HashFacts, WalkFacts } from "../../reconcile/store-drift/store-path.ts";
import {
  endWord,
  HashAnswer,
  WalkAnswer,
  type Pace,
  type StoreJob,
  type WorkerSettings,
} from "./store-jobs.ts";

export interface StoreHand {
  /** At most 256 paths; the answers in their order. Throws tool-failed when the worker died over it. */
  walk(paths: readonly ExpectedPath[], pace: Pace): Promise<WalkFacts[]>;
  hash(path: ExpectedPath, pace: Pace): Promise<HashFacts>;
  stop(): Promise<void>;
}

/** What a worker may take: the names of one folder are the most that it holds. */
const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 2, stackSizeMb: 4 };
const idleMs = 10_000;
const endMs = 2_000;

/** `program` is this agent's own script. */
export function createStoreHand(program: string, settings: WorkerSettings): StoreHand {
  const turn = pLimit(1);
  let worker: Worker | null = null;
  let idle: NodeJS.Timeout | null = null;
  let isStopped = false;

  const rest = async (): Promise<void> => {
    const ended = worker;
    worker = null;
    if (ended !== null) await endOf(ended);
  };
  const ask = <T>(job: StoreJob, schema: z.ZodType<T>): Promise<T> =>
    turn(async () => {
      if (isStopped) throw new ChimeraError("tool-failed", "the store worker was ended");
      if (idle !== null) clearTimeout(idle);
      worker ??= startWorker(program, settings);
      const answer = await answerOf(worker, job);
      if (answer.kind === "died") worker = null;
      idle = setTimeout(() => void rest(), idleMs);
      idle.unref();
      if (answer.kind === "answered") return schema.parse(answer.message);
      throw new ChimeraError("tool-failed", "the store worker ended", { cause: answer.error });
    });

  return {
    async walk(paths, pace) {
      return (await ask({ kind: "walk", targets: paths.map(targetOf), pace }, WalkAnswer)).walked;
    },
    async hash(path, pace) {
      return (await ask({ kind: "hash", target: targetOf(path), pace }, HashAnswer)).hashed;
    },
    async stop() {
      isStopped = true;
      if (idle !== null) clearTimeout(idle);
      await rest();
    },
  };
}

function startWorker(program: string, settings: WorkerSettings): Worker {
  const worker = new Worker(program, { argv: ["store-worker"], workerData: settings, resourceLimits });
  // Between two jobs nobody listens, and an error that nobody hears would end the agent.
  worker.on("error", () => undefined);
  return worker;
}

/** It ends by itself after the job that it has; only one that does not is cut off, in whatever it is doing. */
async function endOf(worker: Worker): Promise<void> {
  const gone = new Promise((resolve) => worker.once("exit", resolve));
  const cut = setTimeout(() => void worker.terminate(), endMs);
  worker.postMessage(endWord, []);
  await gone;
  clearTimeout(cut);
}

function targetOf({ path, narSize }: ExpectedPath) {
  return { path, narSize };
}

type Answer = { kind: "answered"; message: unknown } | { kind: "died"; error: unknown };

function answerOf(worker: Worker, job: StoreJob): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const onMessage = (message: unknown) => resolve({ kind: "answered", message });
  const onError = (error: unknown) => resolve({ kind: "died", error });
  const onExit = (code: number) => resolve({ kind: "died", error: new Error(`exit code ${code}`) });
  worker.once("message", onMessage).once("error", onError).once("exit", onExit);
  worker.postMessage(job, []);
  return promise.finally(() => worker.off("message", onMessage).off("exit", onExit).off("error", onError));
}
