/** SHELL. What a command may know of its process: its streams, environment, clock and Ctrl-C. Tests pass their own. */
import { setTimeout as delay } from "node:timers/promises";
import { styleText } from "node:util";
import type { Paint } from "./print/paint.ts";

export interface Io {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Whether a person watches stdout / stderr. */
  outTty: boolean;
  errTty: boolean;
  /** Columns of the terminal; undefined when piped. */
  columns: number | undefined;
  paint: Paint;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  nowMs: () => number;
  /** Aborted by Ctrl-C or SIGTERM: children and requests end, temporary files go. */
  signal: AbortSignal;
  sleep: (ms: number) => Promise<void>;
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
    process.once(name, () => stop.abort(new Error(`ended by ${name}`)));
  }
  // `chimera history | head` closes our stdout: that is no failure.
  stdout.on("error", (error) => {
    if ("code" in error && error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const colour = stdout.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outTty: stdout.isTTY,
    errTty: stderr.isTTY,
    columns: stdout.isTTY ? stdout.columns : undefined,
    paint: colour ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text,
    env,
    cwd: process.cwd(),
    nowMs: Date.now,
    signal: stop.signal,
    sleep: (ms) => delay(ms, undefined, { signal: stop.signal }),
  };
}
