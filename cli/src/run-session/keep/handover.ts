/**
 * SHELL. What `chimera run` gives to the process that keeps the run: in a file that is read once, since it holds variables. The
 * same program wrote it a moment ago, and every session has a keeper: it is read by hand, without 10 MB and 30 ms of zod.
 */
import { readFileSync, rmSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { RunRecord } from "../record/run-record.ts";

export interface Handover {
  folder: string;
  /** As it is written beside the run; the keeper adds to it. */
  record: RunRecord | Readonly<Record<string, unknown>>;
  /** The program's path, and the words it is called with. */
  program: string;
  argv: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Bytes of its log that are kept; null for all. */
  logLimit: number | null;
  /** Null for a run that has no terminal. */
  tmux: { program: string; socket: string } | null;
}

export function takeHandover(path: string): Handover {
  const text = readFileSync(path, "utf8");
  rmSync(path, { force: true });
  const { folder, record, program, argv, cwd, env, logLimit, tmux } = fields(JSON.parse(text));
  return {
    folder: asText(folder),
    record: fields(record),
    program: asText(program),
    argv: Array.isArray(argv) ? argv.map(asText) : [],
    cwd: asText(cwd),
    env: Object.fromEntries(Object.entries(fields(env)).map(([name, value]) => [name, asText(value)])),
    logLimit: typeof logLimit === "number" ? logLimit : null,
    tmux: tmux === null ? null : serverOf(fields(tmux)),
  };
}

function serverOf({ program, socket }: Readonly<Record<string, unknown>>): Handover["tmux"] {
  return { program: asText(program), socket: asText(socket) };
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw wrong();
  return Object.fromEntries(Object.entries(value));
}

function asText(value: unknown): string {
  if (typeof value !== "string") throw wrong();
  return value;
}

function wrong(): ChimeraError {
  return new ChimeraError("bug", "a handover to a keeper has not the form that this version writes");
}
