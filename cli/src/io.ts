/** SHELL. What a command may know of its process: its streams, environment, clock and Ctrl-C. Tests pass their own. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { styleText } from "node:util";
import type { Paint } from "./print/paint.ts";

export interface Io {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Whether a person watches stdout / stderr. */
  outTty: boolean;
  errTty: boolean;
  /** Whether a person could answer. */
  inTty: boolean;
  /** One line from whoever sits at the terminal. */
  ask: (question: string) => Promise<string>;
  /** True once nobody reads stdout any more. */
  outGone: () => boolean;
  paint: Paint;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  nowMs: () => number;
  /** Aborted by Ctrl-C or SIGTERM, whose name is the reason: children and requests end, temporary files go. */
  signal: AbortSignal;
  sleep: (ms: number) => Promise<void>;
  /** What a command that went well ends with: 0, unless its answer is in the code. */
  result: { code: number };
}

/** A folder of the XDG base directory specification: an empty or relative one counts as not set. */
export function xdgFolder({ env }: Pick<Io, "env">, name: string, inHome: string): string {
  const set = env[name];
  if (set !== undefined && isAbsolute(set)) return set;
  const home = env["HOME"];
  return join(home !== undefined && isAbsolute(home) ? home : homedir(), inHome);
}

/** How old an ISO time is by this process's clock. */
export function ageBy(io: Io): (isoTime: string) => number {
  const nowMs = io.nowMs();
  return (isoTime) => nowMs - Date.parse(isoTime);
}

export function processIo(): Io {
  const { stdout, stderr, env } = process;
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => stop.abort(name));
  }
  // `chimera history | head` closes our stdout: that is no failure, and no reason to leave a deployment half-way.
  let gone = false;
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error) => {
      if (!("code" in error) || error.code !== "EPIPE") throw error;
      gone ||= stream === stdout;
    });
  }
  const colour = stdout.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outTty: stdout.isTTY,
    errTty: stderr.isTTY,
    inTty: process.stdin.isTTY,
    ask: (question) => askTerminal(question, stop.signal),
    outGone: () => gone,
    paint: colour ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text,
    env,
    cwd: process.cwd(),
    nowMs: Date.now,
    signal: stop.signal,
    sleep: (ms) => delay(ms, undefined, { signal: stop.signal }),
    result: { code: 0 },
  };
}

async function askTerminal(question: string, signal: AbortSignal): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question, { signal });
  } finally {
    terminal.close();
  }
}
