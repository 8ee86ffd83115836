/** PURE but for the clock that pino reads: the one log format. Message = past-tense fact, data in fields. */
import { pino, type Logger } from "pino";
import { ChimeraError, errorChain } from "./errors.ts";
import { redact } from "./redact.ts";

export type Log = Pick<Logger, "error" | "warn" | "info" | "debug"> & {
  child(fields: Record<string, unknown>): Log;
};

export type LogLevel = "error" | "warn" | "info" | "debug";

/** journald's priorities by pino's level numbers. */
const priorities: Readonly<Record<number, number>> = { 20: 7, 30: 6, 40: 4, 50: 3 };

export interface LogOptions {
  /** On every line: node, version. */
  fields: Record<string, unknown>;
  write: (line: string) => void;
  level?: LogLevel;
  /** Begin each line with `<N>`, without which journald takes every line for "info". */
  journal?: boolean;
}

/** One JSON object a line: level, time, msg, then fields; an error as its chain, with its code beside it. */
export function createLog({ fields, write, level = "info", journal = false }: LogOptions): Log {
  const destination = {
    [Symbol.for("pino.metadata")]: true,
    lastLevel: 30,
    write(line: string) {
      const shown = redact(line);
      write(journal ? `<${priorities[this.lastLevel] ?? 6}>${shown}` : shown);
    },
  };
  return pino(
    {
      level,
      base: fields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withCode },
      serializers: { error: errorChain },
    },
    destination,
  );
}

function withCode(line: Record<string, unknown>): Record<string, unknown> {
  return line["error"] instanceof ChimeraError ? { ...line, code: line["error"].code } : line;
}
