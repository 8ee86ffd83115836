/** SHELL. Starts a run's command and waits for its end. */
import { spawn, type StdioOptions } from "node:child_process";
import { constants } from "node:os";
import type { Ending, Process } from "../record/run-record.ts";
import { identify } from "../runs/processes.ts";

export interface Launch {
  /** Its path. */
  program: string;
  argv: readonly string[];
  cwd: string;
  env: Record<string, string>;
  stdio: StdioOptions;
}

export interface Launched {
  /** Null when it could not be started. */
  child: Process | null;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<Ending>;
}

export function launch(order: Launch): Launched {
  try {
    return begin(order);
  } catch (error) {
    // Too long a list of words or variables, for example.
    if (!(error instanceof Error) || !("errno" in error)) throw error;
    const ended = Promise.resolve(notStarted(order, error));
    return { child: null, kill: () => undefined, ended };
  }
}

function begin(order: Launch): Launched {
  const { program, argv, cwd, env, stdio } = order;
  const [argv0 = program, ...args] = argv;
  const child = spawn(program, args, { argv0, cwd, env, stdio });
  const ended = new Promise<Ending>((resolve) => {
    child.once("error", (error) => resolve(notStarted(order, error)));
    child.once("exit", (code, signal) => resolve(endingOf(code, signal)));
  });
  return {
    // Looked at before anything can wait for it, it is in /proc, dead or alive.
    child: child.pid === undefined ? null : identify(child.pid),
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

function endingOf(code: number | null, signal: NodeJS.Signals | null): Ending {
  if (signal === null) return { kind: "exited", code: code ?? 0 };
  return { kind: "signalled", signal, number: constants.signals[signal] };
}

/** As a shell counts: 127 for what is not there, 126 for what cannot be executed. */
function notStarted({ program, cwd }: Launch, error: Error): Ending {
  const isMissing = "code" in error && error.code === "ENOENT";
  const reason = `${program} cannot be started in ${cwd}: ${error.message}`.slice(0, 1024);
  return { kind: "not-started", code: isMissing ? 127 : 126, reason };
}
