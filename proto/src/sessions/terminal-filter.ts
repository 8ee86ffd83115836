/**
 * PURE. What a program writes for its terminal, as it may reach the terminal of somebody who only watches: text, colours, and the cursor. Whatever
 * asks the terminal a question (the answer would be typed by the watcher), writes its clipboard or title, or turns on a mode that outlives
 * the session, is left out. Works on bytes as they come; a sequence may be split anywhere. Source: ECMA-48, and xterm's ctlseqs.
 */

export interface TerminalFilter {
  pass(bytes: Uint8Array): Uint8Array;
}

/** No sequence that is let through is longer, parameters and all. */
const longestSequence = 128;

type Mode = "text" | "escape" | "charset" | "control" | "string" | "string-escape" | "utf8";

export interface FilterOptions {
  /** In a log a string that nobody ends is no longer than its line; a screen waits for its end as a terminal does. */
  endsStringsAtLine?: boolean;
}

interface State {
  endsStringsAtLine: boolean;
  mode: Mode;
  /** The sequence so far, or the character. */
  kept: number[];
  /** Bytes of the character that are still to come. */
  missing: number;
  out: number[];
}

const esc = 0x1b;
const bell = 0x07;
const lineFeed = 0x0a;
const cancel = new Set([0x18, 0x1a]);
/** Bell, backspace, tab, line feed, vertical tab, form feed, carriage return, shift out and in. */
const controls = new Set([0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f]);
/** After ESC: save and restore the cursor, index, next line, set a tab, reverse index, keypad modes. */
const escapes = new Set(Array.from("78DEHM=>", (char) => char.charCodeAt(0)));
/** ESC ( B and the like: which characters are meant. */
const charsets = new Set(Array.from("()*+", (char) => char.charCodeAt(0)));
/** ESC ] P X ^ _, and k of tmux and screen: a string follows, of whatever length, that a terminal may act on. */
const strings = new Set(Array.from("]PX^_k", (char) => char.charCodeAt(0)));

/** Moving, erasing, inserting, deleting, scrolling, colours, margins, tabs, saving the cursor, repeating. */
const plainFinals = new Set("@ABCDEFGHIJKLMPSXZ`abdefgmrsu");
/** Wrap, origin, cursor keys, the cursor's look, the alternate screen, updates as a whole: all that is undone at the end. */
const privateModes = new Set(["1", "5", "6", "7", "12", "25", "47", "1047", "1048", "1049", "2026"]);

export function createTerminalFilter({ endsStringsAtLine = false }: FilterOptions = {}): TerminalFilter {
  const state: State = { endsStringsAtLine, mode: "text", kept: [], missing: 0, out: [] };
  return {
    pass(bytes) {
      state.out = [];
      for (const byte of bytes) step(state, byte);
      return Uint8Array.from(state.out);
    },
  };
}

/** What puts a terminal back in which such a stream was shown, wherever that ended. */
export const terminalReset =
  "\u001b[!p\u001b[0m\u001b[?1049l\u001b[?6l\u001b[?7h\u001b[?25h\u001b[?2026l\u001b[r\u001b(B\u000f\u001b>";

function step(state: State, byte: number): void {
  switch (state.mode) {
    case "text":
      return text(state, byte);
    case "utf8":
      return character(state, byte);
    case "escape":
      return escape(state, byte);
    case "charset":
      return end(state, charsets.has(state.kept[1] ?? 0) && isFinal(byte), byte);
    case "control":
      return control(state, byte);
    case "string":
      return skipString(state, byte);
    case "string-escape":
      return endString(state, byte);
  }
}

function text(state: State, byte: number): void {
  if (byte === esc) return begin(state, "escape", byte);
  if (byte >= 0xc2 && byte <= 0xf4) {
    state.missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    return begin(state, "utf8", byte);
  }
  // Single bytes above 127 are no UTF-8; some terminals take them for control characters.
  if (byte < 0x20 ? controls.has(byte) : byte < 0x7f) state.out.push(byte);
}

function character(state: State, byte: number): void {
  if ((byte & 0xc0) !== 0x80) {
    state.mode = "text";
    return text(state, byte);
  }
  state.kept.push(byte);
  state.missing -= 1;
  if (state.missing > 0) return;
  const [first = 0, second = 0] = state.kept;
  const isControl = first === 0xc2 && second < 0xa0;
  if (!isControl) state.out.push(...state.kept);
  state.mode = "text";
}

function begin(state: State, mode: Mode, byte: number): void {
  state.mode = mode;
  state.kept = [byte];
}

/** A new sequence, or the end of all of them, in the midst of one. */
function isBroken(state: State, byte: number): boolean {
  if (byte === esc) begin(state, "escape", byte);
  else if (cancel.has(byte)) state.mode = "text";
  else return false;
  return true;
}

function escape(state: State, byte: number): void {
  if (isBroken(state, byte)) return;
  state.kept.push(byte);
  if (byte === 0x5b) state.mode = "control";
  else if (strings.has(byte)) state.mode = "string";
  else if (byte >= 0x20 && byte < 0x30) state.mode = "charset";
  else end(state, escapes.has(byte), null);
}

function end(state: State, isAllowed: boolean, byte: number | null): void {
  if (byte !== null && isBroken(state, byte)) return;
  if (isAllowed) state.out.push(...state.kept, ...(byte === null ? [] : [byte]));
  state.mode = "text";
}

function isFinal(byte: number): boolean {
  return byte >= 0x30 && byte < 0x7f;
}

function control(state: State, byte: number): void {
  if (isBroken(state, byte)) return;
  // Terminals carry out control characters in the midst of a sequence.
  if (byte < 0x20) {
    if (controls.has(byte)) state.out.push(byte);
    return;
  }
  if (state.kept.length < longestSequence) state.kept.push(byte);
  if (byte < 0x40 || byte > 0x7e) return;
  if (isHarmless(state.kept)) state.out.push(...state.kept);
  state.mode = "text";
}

function isHarmless(sequence: readonly number[]): boolean {
  if (sequence.length >= longestSequence) return false;
  // Behind the escape and the bracket.
  const words = String.fromCharCode(...sequence.slice(2));
  const [, parameters = "", between = "", final = ""] = /^([0-9:;<=>?]*)([ -/]*)([@-~])$/u.exec(words) ?? [];
  if (between !== "") return isCursorShape(parameters, between, final);
  if (parameters.startsWith("?")) return isHarmlessPrivate(parameters.slice(1), final);
  return !/[<=>?]/.test(parameters) && isHarmlessPlain(parameters, final);
}

function isCursorShape(parameters: string, between: string, final: string): boolean {
  return between === " " && final === "q" && /^\d*$/.test(parameters);
}

function isHarmlessPlain(parameters: string, final: string): boolean {
  // Of T one parameter scrolls; five of them ask where the mouse is.
  if (final === "T") return !parameters.includes(";");
  if (final === "h" || final === "l") return parameters === "4" || parameters === "20";
  return plainFinals.has(final);
}

function isHarmlessPrivate(parameters: string, final: string): boolean {
  if (final === "J" || final === "K") return /^\d*$/.test(parameters);
  return (final === "h" || final === "l") && parameters.split(";").every((mode) => privateModes.has(mode));
}

function skipString(state: State, byte: number): void {
  if (byte === esc) state.mode = "string-escape";
  else if (byte === bell || cancel.has(byte)) state.mode = "text";
  else if (byte === lineFeed && state.endsStringsAtLine) {
    state.mode = "text";
    text(state, byte);
  }
}

/** ESC \ ends it; ESC and something else ends it too, and is a sequence of its own. */
function endString(state: State, byte: number): void {
  if (byte === 0x5c) {
    state.mode = "text";
    return;
  }
  begin(state, "escape", esc);
  escape(state, byte);
}
