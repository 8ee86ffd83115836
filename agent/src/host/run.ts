/** SHELL. Runs a tool by argv: bounded output, a time limit, a plain environment, and one kind of error. */
import { ChimeraError } from "@chimera/proto/errors";
import { execa } from "execa";

export interface RunOptions {
  timeoutMs: number;
  /** Called with each line of stderr, which is then not kept. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
  env?: Record<string, string>;
  maxBytes?: number;
  /** How much of the end of stderr is kept. */
  errorBytes?: number;
}

export interface RunResult {
  /** Null when a signal ended it. */
  exitCode: number | null;
  stdout: string;
  /** The last of it. */
  stderr: string;
  timedOut: boolean;
}

/** NixOS keeps its tools in the first two, the lab's machines in the last ones. */
const systemPath = "/run/current-system/sw/bin:/run/wrappers/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export function toolEnvironment(): Record<string, string> {
  const inherited = process.env["PATH"];
  return {
    PATH: inherited === undefined ? systemPath : `${inherited}:${systemPath}`,
    HOME: "/root",
    LANG: "C.UTF-8",
  };
}

/** Any exit code is a result; throws tool-missing only when the program cannot be started. */
export async function run(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const tail: string[] = [];
  const child = execa(file, args, {
    reject: false,
    timeout: options.timeoutMs,
    forceKillAfterDelay: 5_000,
    stdin: "ignore",
    extendEnv: false,
    env: { ...toolEnvironment(), ...options.env },
    cwd: "/",
    maxBuffer: options.maxBytes ?? 1 << 20,
    buffer: { stdout: true, stderr: options.onLine === undefined },
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  if (options.onLine !== undefined) {
    for await (const line of child.iterable({ from: "stderr" })) {
      options.onLine(line);
      tail.push(line.slice(0, 1000));
      if (tail.length > 50) tail.shift();
    }
  }
  const result = await child;
  if (result.code === "ENOENT") throw new ChimeraError("tool-missing", `${file} is not installed`);
  return {
    exitCode: result.exitCode ?? null,
    stdout: result.stdout,
    stderr: endOf(options.onLine === undefined ? result.stderr : tail.join("\n"), options),
    timedOut: result.timedOut,
  };
}

function endOf(text: string | undefined, { errorBytes = 4000 }: RunOptions): string {
  return (text ?? "").slice(-errorBytes);
}

/** For tools whose failure is a failure: throws tool-failed with the last of its stderr as cause. */
export async function runOk(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const result = await run(file, args, options);
  if (result.exitCode === 0) return result;
  const how = result.timedOut
    ? `ran longer than ${options.timeoutMs} ms`
    : `ended with ${result.exitCode ?? "a signal"}`;
  throw new ChimeraError("tool-failed", `${file} ${args[0] ?? ""} ${how}`, {
    cause: new Error(result.stderr.trim().slice(-1000) || "no output"),
  });
}
