/** SHELL. Where the output of a session goes. */
import { createLogFilter } from "../../print/run/log-filter.ts";
import { missingText } from "../../print/sessions/session-words.ts";
import type { Io } from "../../io.ts";
import { writeStdout } from "../../write-stdout.ts";
import type { Viewed } from "../view-stream.ts";

export type Shown = Extract<Viewed, { kind: "output" | "screen" | "gap" }>;

export interface Sink {
  show(one: Shown): Promise<void>;
  /** A word to whoever watches, beside the output. */
  say(text: string): void;
  /** What it leaves behind is what it found. */
  end(): Promise<void>;
}

/** Byte by byte, whatever it is; what is missing is told on stderr. */
export function rawSink(io: Io): Sink {
  return {
    async show(one) {
      if (one.kind === "gap") io.err(`chimera: ${missingText(one.bytes)}\n`);
      else
        for (const bytes of one.kind === "output" ? [one.bytes] : [one.history, one.screen])
          await writeStdout(bytes);
    },
    say: (text) => io.err(`chimera: ${text}\n`),
    end: () => Promise.resolve(),
  };
}

/** Lines for a terminal, without what a terminal would act on; what is missing is told in its place. */
export function logSink(io: Io): Sink {
  const filter = createLogFilter();
  return {
    async show(one) {
      if (one.kind === "gap") await writeStdout(`\n[chimera: ${missingText(one.bytes)}]\n`);
      else
        for (const bytes of one.kind === "output" ? [one.bytes] : [one.history, one.screen])
          await writeStdout(filter.take(bytes));
    },
    say: (text) => io.err(`\r\u001b[Kchimera: ${text}\n`),
    end: () => writeStdout(filter.end()),
  };
}
