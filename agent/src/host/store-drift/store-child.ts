/** SHELL. The store worker's process as its agent sees it: jobs by number, and one error for all of them when it is gone. */
import { fork, type ChildProcess } from "node:child_process";
import { ChimeraError } from "@chimera/proto/errors";
import { toolEnvironment } from "../run.ts";
import { AnswerMessage, type JobMessage, type StoreJob, type WorkerSettings } from "./store-jobs.ts";

export interface StoreChild {
  /** Throws tool-failed when it died over it. */
  ask(job: StoreJob): Promise<unknown>;
  readonly isBusy: boolean;
  /** Returns once it is gone. It only reads: it can be cut off anywhere. */
  end(): Promise<void>;
}

/** Names of one folder are the most that it holds; without threads of V8's own it takes 10 MB that are not the agent's too. */
const execArgv = [
  "--max-semi-space-size=1",
  "--optimize-for-size",
  "--max-old-space-size=96",
  "--v8-pool-size=0",
];
const keptWords = 1000;

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
}

/** `program` is this agent's own script. */
export function startStoreChild(
  program: string,
  settings: WorkerSettings,
  onGone: (child: StoreChild) => void,
): StoreChild {
  const child = forkWorker(program);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  const gone = endOf(child).then((how) => {
    rejectAll(waiting, how);
    return onGone(self);
  });
  child.on("message", (message: unknown) => {
    const { id, answer } = AnswerMessage.parse(message);
    waiting.get(id)?.resolve(answer);
    waiting.delete(id);
  });
  const self: StoreChild = {
    ask(job) {
      lastId += 1;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      waiting.set(lastId, { resolve, reject });
      send(child, { id: lastId, job });
      return promise;
    },
    get isBusy() {
      return waiting.size > 0;
    },
    async end() {
      child.kill("SIGKILL");
      await gone;
    },
  };
  send(child, settings);
  return self;
}

function forkWorker(program: string): ChildProcess {
  return fork(program, ["store-worker"], {
    execArgv,
    env: { ...toolEnvironment(), MALLOC_ARENA_MAX: "1" },
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

function rejectAll(waiting: Map<number, Waiting>, how: string): void {
  for (const { reject } of waiting.values())
    reject(new ChimeraError("tool-failed", "the store worker ended", { cause: new Error(how) }));
  waiting.clear();
}

/** How it ended, with its last words. */
async function endOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = `${words}${text}`.slice(-keptWords);
  });
  child.once("error", (error) => resolve(error.message));
  child.once("exit", (code, signal) => resolve(`exit code ${code ?? signal ?? "unknown"}`));
  const how = await promise;
  return [how, words.trim()].filter((text) => text !== "").join(": ");
}

/** One that cannot be told anything is gone, and says so by its end. */
function send(child: ChildProcess, message: JobMessage | WorkerSettings): void {
  child.send(message, () => undefined);
}
