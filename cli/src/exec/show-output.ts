/**
 * PURE. Output of many sessions for one pair of eyes: whole lines with whose they are, as they come, or each session's as one block when it is
 * over. What came from a node is hostile: nothing in it moves a cursor.
 */
import type { Paint } from "../print/paint.ts";
import { printable, printableLine } from "../print/printable.ts";

export interface Shower {
  bytes: (label: string, bytes: Uint8Array) => string;
  gap: (label: string, bytes: number) => string;
  /** It is over: what waits for the end of its line does not come any more. */
  over: (label: string, words: string) => string;
}

export interface ShowOptions {
  /**
   * `prefixed`: whole lines, each with whose it is. `grouped`: one block for each, when it is over. `plain`: of a single session, as it is.
   */
  style: "prefixed" | "grouped" | "plain";
  /** Of the longest label. */
  width: number;
  paint: Paint;
}

/** A line that is longer comes in parts. */
const maxLine = 64 * 1024;
/** A block that is longer comes in parts too. */
const maxBlock = 4 << 20;

export function createShower({ style, width, paint }: ShowOptions): Shower {
  if (style === "plain") return createPlain();
  const waiting = createWaiting();
  const lines = (label: string, text: string): string =>
    text
      .split("\n")
      .map((line) => `${paint("cyan", `${label.padEnd(width)} |`)} ${printableLine(line)}\n`)
      .join("");
  const block = (label: string, words: string, text: string): string =>
    `${paint("bold", `== ${label}: ${words}`)}\n${text === "" ? "" : `${printable(text)}\n`}`;
  const most = style === "grouped" ? maxBlock : maxLine;
  return {
    bytes(label, bytes) {
      const text = waiting.add(label, bytes);
      const isDue = text.length >= most || (style === "prefixed" && text.includes("\n"));
      if (!isDue) return "";
      const ready = waiting.takeLines(label);
      return style === "prefixed" ? lines(label, ready) : block(label, "so far", ready);
    },
    gap: (label, bytes) => lines(label, gapText(bytes)),
    over(label, words) {
      const text = waiting.takeAll(label);
      if (style === "grouped") return block(label, words, text);
      return text === "" ? "" : lines(label, text);
    },
  };
}

function createPlain(): Shower {
  const waiting = createWaiting();
  return {
    bytes(label, bytes) {
      waiting.add(label, bytes);
      // An escape sequence may come in two parts; it ends with its line.
      const text = waiting.takeAll(label, maxTail);
      return printable(text);
    },
    gap: (_, bytes) => `${gapText(bytes)}\n`,
    over(label) {
      const text = waiting.takeAll(label);
      return text === "" ? "" : `${printable(text)}\n`;
    },
  };
}

const maxTail = 4096;

function gapText(bytes: number): string {
  return `[${bytes} bytes are missing here: nobody keeps them any more]`;
}

/** Text that has come and was not shown, of each session. */
function createWaiting() {
  const texts = new Map<string, { decode: (bytes: Uint8Array) => string; text: string }>();
  const of = (label: string) => {
    const decoder = new TextDecoder();
    const fresh = { decode: (bytes: Uint8Array) => decoder.decode(bytes, { stream: true }), text: "" };
    const known = texts.get(label) ?? fresh;
    texts.set(label, known);
    return known;
  };
  return {
    add(label: string, bytes: Uint8Array): string {
      const one = of(label);
      one.text += one.decode(bytes);
      return one.text;
    },
    /** Whole lines without the last one's end; all of it where there is no whole line. */
    takeLines(label: string): string {
      const one = of(label);
      const end = one.text.lastIndexOf("\n");
      const ready = end === -1 ? one.text : one.text.slice(0, end);
      one.text = end === -1 ? "" : one.text.slice(end + 1);
      return ready;
    },
    /** With a `tail`: all but an escape sequence at the end that is not whole, where it is no longer than that. */
    takeAll(label: string, tail = 0): string {
      const one = of(label);
      const begin = tail === 0 ? -1 : one.text.lastIndexOf("\u001b");
      const isOpen = begin !== -1 && one.text.length - begin < tail && !one.text.slice(begin).includes("\n");
      const ready = isOpen ? one.text.slice(0, begin) : one.text;
      one.text = isOpen ? one.text.slice(begin) : "";
      return tail === 0 ? ready.replace(/\n$/u, "") : ready;
    },
  };
}
