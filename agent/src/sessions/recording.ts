/**
 * PURE. What a node writes down of a session in which somebody may type, as asciicast version 2: what its terminal shows, and of what is typed only
 * by whom and how many bytes. Text out, for whoever has a file; no more of it than has room.
 */
import {
  castEvent,
  castHeader,
  createCastPieces,
  type CastPieces,
  type CastStep,
} from "@chimera/proto/sessions/cast";
import type { TerminalSize } from "@chimera/proto/sessions/session";
import type { Picture } from "./pane-picture.ts";

export type Recorded =
  /** What is to be seen now: the first is the begin of what is recorded, a later one follows what is missing. */
  | ({ kind: "picture"; size: TerminalSize } & Picture)
  | { kind: "output"; bytes: Uint8Array }
  | { kind: "size"; size: TerminalSize }
  | { kind: "given"; holder: string; order: string }
  | { kind: "typed"; bytes: number }
  /** It is time to say how much was typed. */
  | { kind: "count" }
  | { kind: "over"; reason: string }
  | { kind: "end"; reason: string };

export interface RecordingBegin {
  title: string;
  beginMs: number;
  /** Of all recordings of that session. */
  mostBytes: number;
  /** Of earlier ones. */
  usedBytes: number;
}

export interface Recording {
  /** What is to be written for it; empty where there is nothing to say, or it is over. */
  take: (one: Recorded, nowMs: number) => string;
  /** Nothing is written any more: it was ended, or is full. */
  isOver: () => boolean;
}

interface Typist {
  holder: string;
  typed: number;
  /** Of these, what is still to be said. */
  untold: number;
}

interface State extends RecordingBegin {
  /** Null before the first picture. */
  size: TerminalSize | null;
  typist: Typist | null;
  pieces: CastPieces;
  nowMs: number;
  isOver: boolean;
}

/** For the line that says why there are no more. */
const lastBytes = 4 << 10;
const reasonLength = 512;
const missing = "output is missing here: more came than this node could hear, and nobody counted it";

export function createRecording(begin: RecordingBegin): Recording {
  const state: State = {
    ...begin,
    size: null,
    typist: null,
    pieces: createCastPieces(),
    nowMs: begin.beginMs,
    isOver: false,
  };
  return {
    take(one, nowMs) {
      if (state.isOver) return "";
      // A clock that was set back takes nothing back that is written.
      state.nowMs = Math.max(state.nowMs, nowMs);
      return textOf(state, one);
    },
    isOver: () => state.isOver,
  };
}

function textOf(state: State, one: Recorded): string {
  switch (one.kind) {
    case "picture":
      return state.size === null ? firstPicture(state, one) : nextPicture(state, one);
    case "output":
      return output(state, one.bytes);
    case "size":
      return resize(state, one.size);
    case "given":
      state.typist = { holder: one.holder, typed: 0, untold: 0 };
      return mark(state, `keyboard: ${one.holder}, by order ${one.order.slice(0, 12)}`);
    case "typed":
      return typed(state, one.bytes);
    case "count":
      return count(state);
    case "over":
      return over(state, one.reason);
    case "end":
      return `${over(state, one.reason)}${end(state, one.reason)}`;
  }
}

function firstPicture(state: State, { size, history, screen }: Picture & { size: TerminalSize }): string {
  state.size = size;
  const header = castHeader({ size, title: state.title, timestamp: Math.floor(state.beginMs / 1000) });
  state.usedBytes += Buffer.byteLength(header);
  // The screen begins with an empty one: what had scrolled away must be above it by then.
  const lineFeeds = history.length === 0 ? 0 : size.rows - 1;
  const shown = Buffer.concat([history, Buffer.from("\n".repeat(lineFeeds)), screen]);
  return `${header}${output(state, shown)}`;
}

function nextPicture(state: State, { size, screen }: Picture & { size: TerminalSize }): string {
  return `${rest(state)}${mark(state, missing)}${resize(state, size)}${output(state, screen)}`;
}

function output(state: State, bytes: Uint8Array): string {
  return state.pieces
    .take(bytes)
    .map((text) => said(state, text))
    .join("");
}

/** Of a character whose end never came. */
function rest(state: State): string {
  return said(state, state.pieces.rest());
}

function said(state: State, text: string): string {
  return text === "" ? "" : write(state, { kind: "output", text });
}

function resize(state: State, size: TerminalSize): string {
  if (size.columns === state.size?.columns && size.rows === state.size.rows) return "";
  state.size = size;
  return write(state, { kind: "resize", size });
}

function typed({ typist }: State, bytes: number): string {
  if (typist === null) return "";
  typist.typed += bytes;
  typist.untold += bytes;
  return "";
}

function count(state: State): string {
  const { typist } = state;
  if (typist === null || typist.untold === 0) return "";
  const text = `${typist.holder} typed ${bytesText(typist.untold)}`;
  typist.untold = 0;
  return mark(state, text);
}

function over(state: State, reason: string): string {
  const counted = count(state);
  const { typist } = state;
  if (typist === null) return counted;
  state.typist = null;
  const all = `${typist.holder} typed ${bytesText(typist.typed)} in all`;
  return `${counted}${mark(state, `keyboard over: ${all}; ${reason.slice(0, reasonLength)}`)}`;
}

function bytesText(bytes: number): string {
  return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
}

function end(state: State, reason: string): string {
  return `${rest(state)}${last(state, reason.slice(0, reasonLength))}`;
}

function mark(state: State, text: string): string {
  return write(state, { kind: "marker", text });
}

type Written<Step> = Step extends { atMs: number } ? Omit<Step, "atMs"> : never;

function write(state: State, step: Written<Exclude<CastStep, { kind: "other" }>>): string {
  if (state.isOver) return "";
  const line = castEvent({ ...step, atMs: state.nowMs - state.beginMs });
  const bytes = Buffer.byteLength(line);
  if (state.usedBytes + bytes > state.mostBytes - lastBytes)
    return last(state, `${Math.floor(state.mostBytes / (1 << 20))} MiB, and a session has no more`);
  state.usedBytes += bytes;
  return line;
}

/** For which there always is room. */
function last(state: State, why: string): string {
  if (state.isOver) return "";
  state.isOver = true;
  return castEvent({
    kind: "marker",
    atMs: state.nowMs - state.beginMs,
    text: `recording ends here: ${why}`,
  });
}
