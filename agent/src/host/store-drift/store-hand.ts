/** SHELL. Asks the store worker; starts it for the first job and ends it when nothing was asked for a while. */
import { ChimeraError } from "@chimera/proto/errors";
import type { z } from "zod";
import type { ExpectedPath, HashFacts, WalkFacts } from "../../reconcile/store-drift/store-path.ts";
import { attempt } from "../errno-outcome.ts";
import { startStoreChild, type StoreChild } from "./store-child.ts";
import { HashAnswer, WalkAnswer, type Pace, type StoreJob, type WorkerSettings } from "./store-jobs.ts";

export interface StoreHand {
  /** At most 256 paths; the answers in their order. Throws tool-failed when the worker died over it. */
  walk(paths: readonly ExpectedPath[], pace: Pace): Promise<WalkFacts[]>;
  hash(path: ExpectedPath, pace: Pace): Promise<HashFacts>;
  /** Ends whatever is being looked at, as a worker's death would. */
  cancel(): Promise<void>;
  stop(): Promise<void>;
}

const idleMs = 10_000;

/** `program` is this agent's own script. */
export function createStoreHand(program: string, settings: WorkerSettings): StoreHand {
  let child: StoreChild | null = null;
  let isStopped = false;
  const end = async (): Promise<void> => {
    const ended = child;
    child = null;
    await ended?.end();
  };
  const forget = (gone: StoreChild): void => {
    if (child === gone) child = null;
  };
  const idle = createIdle(() => void (child?.isBusy === true || end()));
  const ask = async <T>(job: StoreJob, schema: z.ZodType<T>): Promise<T> => {
    if (isStopped) throw new ChimeraError("tool-failed", "the store worker was ended");
    child ??= start(program, settings, forget);
    const answer = await child.ask(job);
    idle.begin();
    return schema.parse(answer);
  };
  return {
    async walk(paths, pace) {
      return (await ask({ kind: "walk", targets: paths.map(targetOf), pace }, WalkAnswer)).walked;
    },
    async hash(path, pace) {
      return (await ask({ kind: "hash", target: targetOf(path), pace }, HashAnswer)).hashed;
    },
    async cancel() {
      if (child?.isBusy === true) await end();
    },
    async stop() {
      isStopped = true;
      idle.stop();
      await end();
    },
  };
}

/** Throws tool-failed where the system has no process, or no descriptor, to give. */
function start(program: string, settings: WorkerSettings, forget: (gone: StoreChild) => void): StoreChild {
  const started = attempt(() => startStoreChild(program, settings, forget));
  if (started.kind === "done") return started.value;
  throw new ChimeraError("tool-failed", `the store worker could not be started: ${started.errno}`);
}

function createIdle(onIdle: () => void): { begin: () => void; stop: () => void } {
  let timer: NodeJS.Timeout | null = null;
  const stop = (): void => {
    if (timer !== null) clearTimeout(timer);
  };
  return {
    begin() {
      stop();
      timer = setTimeout(onIdle, idleMs);
      timer.unref();
    },
    stop,
  };
}

function targetOf({ path, narSize }: ExpectedPath) {
  return { path, narSize };
}
