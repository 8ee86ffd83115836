/** SHELL. Writes down what a viewer is shown, for later. What was typed is not in it: only who could type. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionFacts, TerminalSize } from "@chimera/proto/sessions/session";
import type { Io } from "../../io.ts";
import { castEvent, castHeader, type CastStep } from "@chimera/proto/sessions/cast";
import { missingText } from "../../print/sessions/session-words.ts";
import type { Shown } from "../attach/sink.ts";

export interface Recording {
  take(one: Shown | { kind: "facts"; facts: SessionFacts }): void;
  end(): void;
}

const usualSize = { columns: 80, rows: 24 };

interface State {
  file: number;
  startMs: number;
  nowMs: () => number;
  size: TerminalSize;
  /** Lines end as a program ends them that has no terminal. */
  isLog: boolean;
  typist: string | null;
  decoder: InstanceType<typeof TextDecoder>;
}

/** Throws content-conflict where something is there already: a recording replaces nothing. */
export function openRecording(
  io: Io,
  path: string,
  { name, facts }: { name: string; facts: SessionFacts | null },
): Recording {
  const startMs = io.nowMs();
  const size = facts?.size ?? usualSize;
  const state: State = {
    file: createFile(path),
    startMs,
    nowMs: () => io.nowMs(),
    size,
    isLog: facts?.output === "log",
    typist: null,
    decoder: new TextDecoder(),
  };
  writeSync(state.file, castHeader({ size, title: name, timestamp: Math.floor(startMs / 1000) }));
  return {
    take: (one) => take(state, one),
    end: () => closeSync(state.file),
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
  const text = state.decoder.decode(bytes, { stream: true });
  if (text !== "")
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

function write(
  { file, nowMs, startMs }: State,
  step: WithoutTime<Exclude<CastStep, { kind: "other" }>>,
): void {
  writeSync(file, castEvent({ ...step, atMs: Math.max(0, nowMs() - startMs) }));
}
