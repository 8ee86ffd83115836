/** SHELL. Where the output of a session goes. */
import type { TerminalSize } from "@chimera/proto/sessions/session";
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
  /** The terminal that it is written for is, or has become, of that size. */
  resize(size: TerminalSize): void;
  /** Somebody else has drawn here. */
  redraw(): void;
  /** What it leaves behind is what it found. */
  end(): Promise<void>;
}

const hasNoScreen = { resize: () => undefined, redraw: () => undefined };

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
    ...hasNoScreen,
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
    ...hasNoScreen,
    end: () => writeStdout(filter.end()),
  };
}
