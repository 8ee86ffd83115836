/**
 * PURE. What tmux says in control mode (tmux(1), "CONTROL MODE"): lines of bytes, among them the answer to each command between
 * %begin and %end or %error. Output is bytes, not text: it may end in the middle of a character.
 */

export type ControlEvent =
  /** What a program wrote into its pane; `ageMs`: how long tmux has kept it, null where tmux does not say. */
  | { kind: "output"; pane: string; bytes: Uint8Array; ageMs: number | null }
  /** tmux sends no more of this pane until it is told to go on: its reader was too slow. */
  | { kind: "paused"; pane: string }
  /** To the oldest command that has no answer yet; the first one is to the attaching itself. */
  | { kind: "answer"; isOk: boolean; lines: readonly Uint8Array[] }
  /** The client's end: the session is over, or somebody detached it. */
  | { kind: "exit"; reason: string }
  /** Everything else, by its name without the percent sign. */
  | { kind: "notice"; name: string; words: string }
  /** It is not tmux that speaks there, or not as it is known. */
  | { kind: "unreadable"; reason: string };

/** A line of tmux is as long as what it read from a program at once (some 64 KiB), each byte as four. */
const longestLine = 1 << 20;
/** Of one answer: a whole history of a pane. */
const longestAnswer = 64 << 20;
/** Of an end: its name, a time, a number and flags. */
const longestWords = 100;

export interface ControlReader {
  /** What the next bytes complete, one after the other: whoever takes one may have another seal before the next is read. */
  take(bytes: Uint8Array): Iterable<ControlEvent>;
}

/**
 * Random bits with which a later answer begins, where the one that begins now has what programs wrote: that is over only where the sealed one
 * follows, as a screen can show every other line. Null where no program has a say in it.
 */
export type SealOf = () => string | null;

interface State {
  /** Of a line that has no end yet. */
  pieces: Uint8Array[];
  length: number;
  /** Of the answer that is being read; null outside of one. */
  answer: Answer | null;
  isBroken: boolean;
  sealOf: SealOf;
}

interface Answer {
  /** Time, number and flags, which its end repeats. */
  words: string;
  lines: Uint8Array[];
  length: number;
  seal: Uint8Array | null;
}

export function createControlReader(sealOf: SealOf = () => null): ControlReader {
  const state: State = { pieces: [], length: 0, answer: null, isBroken: false, sealOf };
  return {
    *take(bytes) {
      let from = 0;
      for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, from)) {
        keep(state, bytes.subarray(from, end));
        from = end + 1;
        const event = state.isBroken ? null : readLine(state, wholeLine(state));
        if (event !== null) yield event;
      }
      keep(state, bytes.subarray(from));
      if (!state.isBroken && state.length > longestLine) yield broken(state, "a line without end");
    },
  };
}

const lineFeed = 0x0a;
const percent = 0x25;
const backslash = 0x5c;

function keep(state: State, piece: Uint8Array): void {
  if (piece.length === 0 || state.isBroken) return;
  // The reader's buffer is used again.
  state.pieces.push(piece.slice());
  state.length += piece.length;
}

function wholeLine(state: State): Uint8Array {
  const line = new Uint8Array(state.length);
  let at = 0;
  for (const piece of state.pieces) {
    line.set(piece, at);
    at += piece.length;
  }
  state.pieces = [];
  state.length = 0;
  return line;
}

function broken(state: State, reason: string): ControlEvent {
  state.isBroken = true;
  state.pieces = [];
  return { kind: "unreadable", reason };
}

function readLine(state: State, line: Uint8Array): ControlEvent | null {
  if (line.length > longestLine) return broken(state, "a line of more than 1 MiB");
  const { answer } = state;
  if (answer !== null) return readAnswer(state, answer, line);
  if (line[0] !== percent) {
    return line.length === 0 ? null : broken(state, `"${textOf(line.subarray(0, 80))}" is no line of tmux`);
  }
  const space = line.indexOf(0x20);
  const name = textOf(line.subarray(1, space === -1 ? line.length : space));
  const rest = space === -1 ? noBytes : line.subarray(space + 1);
  return readNotice(state, name, rest);
}

const noBytes = new Uint8Array(0);

function readAnswer(state: State, answer: Answer, line: Uint8Array): ControlEvent | null {
  const { words, lines, seal } = answer;
  if (seal !== null && beginsWith(line, seal)) return unseal(state, answer, line);
  const isOk = seal === null ? endOf(line, words) : null;
  if (isOk !== null) {
    state.answer = null;
    return { kind: "answer", isOk, lines };
  }
  lines.push(line);
  answer.length += line.length;
  return answer.length > longestAnswer ? broken(state, "an answer without end") : null;
}

/** Null for what does not end it. */
function endOf(line: Uint8Array | undefined, words: string): boolean | null {
  if (line === undefined || line[0] !== percent || line.length > longestWords) return null;
  const text = textOf(line);
  if (text === `%end ${words}`) return true;
  return text === `%error ${words}` ? false : null;
}

/** The first line of the sealed answer is read: before it are the end of the one that it seals, and its own begin. */
function unseal(state: State, { words, lines }: Answer, line: Uint8Array): ControlEvent {
  const begin = textOf(lines.pop() ?? noBytes);
  const isOk = endOf(lines.pop(), words);
  if (isOk === null || !begin.startsWith("%begin "))
    return broken(state, "an answer that does not end where it is sealed");
  state.answer = { words: begin.slice("%begin ".length), lines: [line], length: line.length, seal: null };
  return { kind: "answer", isOk, lines };
}

function beginsWith(line: Uint8Array, seal: Uint8Array): boolean {
  return seal.every((byte, at) => line[at] === byte);
}

function readNotice(state: State, name: string, rest: Uint8Array): ControlEvent | null {
  switch (name) {
    case "begin":
      state.answer = { words: textOf(rest), lines: [], length: 0, seal: sealBytes(state.sealOf()) };
      return null;
    case "output":
      return outputOf(rest, rest.indexOf(0x20), null);
    case "extended-output":
      return extendedOutput(rest);
    case "pause":
      return { kind: "paused", pane: textOf(rest) };
    case "exit":
      return { kind: "exit", reason: textOf(rest.subarray(0, 200)) };
    default:
      return { kind: "notice", name, words: textOf(rest.subarray(0, 1000)) };
  }
}

function sealBytes(seal: string | null): Uint8Array | null {
  return seal === null ? null : encoder.encode(seal);
}

/** `%0 123 : bytes`; tmux may put more words before the colon one day. */
function extendedOutput(rest: Uint8Array): ControlEvent {
  const colon = indexOfColon(rest);
  const [, age = ""] = textOf(rest.subarray(0, Math.max(0, colon))).split(" ");
  return outputOf(rest, rest.indexOf(0x20), { colon, ageMs: Number(age) });
}

function indexOfColon(rest: Uint8Array): number {
  for (let at = rest.indexOf(0x3a); at !== -1; at = rest.indexOf(0x3a, at + 1))
    if (rest[at - 1] === 0x20 && rest[at + 1] === 0x20) return at;
  return -1;
}

function outputOf(
  rest: Uint8Array,
  paneEnd: number,
  extended: { colon: number; ageMs: number } | null,
): ControlEvent {
  const from = extended === null ? paneEnd + 1 : extended.colon + 2;
  if (paneEnd === -1 || extended?.colon === -1) return { kind: "unreadable", reason: "output of no pane" };
  const ageMs = extended !== null && Number.isFinite(extended.ageMs) ? extended.ageMs : null;
  return {
    kind: "output",
    pane: textOf(rest.subarray(0, paneEnd)),
    bytes: unescaped(rest.subarray(from)),
    ageMs,
  };
}

/** tmux writes bytes below the space, and the backslash, as a backslash and three octal digits. */
function unescaped(line: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(line.length);
  let length = 0;
  for (let at = 0; at < line.length; at += 1, length += 1) {
    const byte = line[at] ?? 0;
    const octal = byte === backslash ? octalAt(line, at + 1) : null;
    bytes[length] = octal ?? byte;
    if (octal !== null) at += 3;
  }
  return bytes.subarray(0, length);
}

function octalAt(line: Uint8Array, at: number): number | null {
  let value = 0;
  for (let digit = at; digit < at + 3; digit += 1) {
    const code = (line[digit] ?? 0) - 0x30;
    if (code < 0 || code > 7) return null;
    value = value * 8 + code;
  }
  return value > 255 ? null : value;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
