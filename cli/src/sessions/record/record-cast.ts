/** SHELL. Writes down what a viewer is shown, for later. What was typed is not in it: only who could type. */
import { closeSync, constants, ftruncateSync, openSync, writeFileSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionFacts, TerminalSize } from "@chimera/proto/sessions/session";
import type { Io } from "../../io.ts";
import {
  castEvent,
  castHeader,
  createCastPieces,
  type CastPieces,
  type CastStep,
} from "@chimera/proto/sessions/cast";
import { missingText } from "../../print/sessions/session-words.ts";
import type { Shown } from "../attach/sink.ts";

export interface Recording {
  /** Why it ends here, once; what is shown goes on without it. */
  take(one: Shown | { kind: "facts"; facts: SessionFacts }): string | null;
  /** Why it ended before; else null. */
  end(): string | null;
}

export interface RecordingOptions {
  name: string;
  facts: SessionFacts | null;
  mostBytes?: number;
}

const usualSize = { columns: 80, rows: 24 };
const usualMostBytes = 256 << 20;
/** For the line that says why there are no more. */
const lastBytes = 1024;

interface State {
  path: string;
  file: number;
  bytes: number;
  mostBytes: number;
  startMs: number;
  nowMs: () => number;
  size: TerminalSize;
  /** Lines end as a program ends them that has no terminal. */
  isLog: boolean;
  typist: string | null;
  pieces: CastPieces;
  /** Why nothing more is written. */
  trouble: string | null;
}

/** Throws content-conflict where something is there already: a recording replaces nothing. */
export function openRecording(
  io: Pick<Io, "nowMs">,
  path: string,
  { name, facts, mostBytes = usualMostBytes }: RecordingOptions,
): Recording {
  const startMs = io.nowMs();
  const size = facts?.size ?? usualSize;
  const state: State = {
    path,
    file: createFile(path),
    bytes: 0,
    mostBytes,
    startMs,
    nowMs: () => io.nowMs(),
    size,
    isLog: facts?.output === "log",
    typist: null,
    pieces: createCastPieces(),
    trouble: null,
  };
  append(state, castHeader({ size, title: name, timestamp: Math.floor(startMs / 1000) }));
  return {
    take(one) {
      const before = state.trouble;
      take(state, one);
      return before === null ? state.trouble : null;
    },
    end() {
      say(state, state.pieces.rest());
      closeSync(state.file);
      return state.trouble;
    },
  };
}

function createFile(path: string): number {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (cause) {
    const isThere = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    if (!isThere) throw new ChimeraError("file-unreadable", `make ${path}`, { cause });
    throw new ChimeraError(
      "content-conflict",
      `${path} is there already: name another file for the recording`,
    );
  }
}

function take(state: State, one: Parameters<Recording["take"]>[0]): void {
  switch (one.kind) {
    case "output":
      return output(state, one.bytes);
    case "screen":
      resize(state, one.size);
      output(state, one.history);
      return output(state, one.screen);
    case "gap":
      return write(state, { kind: "marker", text: missingText(one.bytes) });
    case "facts":
      return noteFacts(state, one.facts);
  }
}

function output(state: State, bytes: Uint8Array): void {
  for (const text of state.pieces.take(bytes)) say(state, text);
}

function say(state: State, text: string): void {
  if (text === "") return;
  write(state, { kind: "output", text: state.isLog ? text.replaceAll(/\r?\n/gu, "\r\n") : text });
}

function noteFacts(state: State, { size, keyboard }: SessionFacts): void {
  resize(state, size);
  const typist = keyboard?.holder ?? null;
  if (typist !== state.typist) write(state, { kind: "marker", text: `keyboard: ${typist ?? "nobody"}` });
  state.typist = typist;
}

function resize(state: State, size: TerminalSize): void {
  if (size.columns === state.size.columns && size.rows === state.size.rows) return;
  state.size = size;
  write(state, { kind: "resize", size });
}

type WithoutTime<Step> = Step extends { atMs: number } ? Omit<Step, "atMs"> : never;

function write(state: State, step: WithoutTime<Exclude<CastStep, { kind: "other" }>>): void {
  if (state.trouble !== null) return;
  const { nowMs, startMs, mostBytes, path } = state;
  const atMs = Math.max(0, nowMs() - startMs);
  const line = castEvent({ ...step, atMs });
  if (state.bytes + Buffer.byteLength(line) <= mostBytes - lastBytes) return append(state, line);
  append(state, castEvent({ kind: "marker", atMs, text: "recording ends here: it has no more room" }));
  state.trouble ??= `the recording ${path} ends: it has ${mostBytes} bytes, and gets no more`;
}

/** Whole lines or none, also where the disk refuses. */
function append(state: State, text: string): void {
  try {
    writeFileSync(state.file, text);
    state.bytes += Buffer.byteLength(text);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    ftruncateSync(state.file, state.bytes);
    state.trouble = `the recording ${state.path} ends: ${error.message}`;
  }
}
