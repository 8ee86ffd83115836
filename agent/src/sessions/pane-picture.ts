/**
 * PURE. A pane as tmux has it, as bytes that make an empty terminal of its size look the same: what had scrolled away, then the screen,
 * and the cursor where it was.
 */
import { TerminalSize } from "@chimera/proto/sessions/session";
import { withOwnStyle } from "./own-style.ts";

export interface PaneFacts {
  size: TerminalSize;
  /** Of the screen, from 0. */
  cursor: { x: number; y: number };
  isCursorShown: boolean;
  /** A program has the whole screen for itself: what was there before comes back when it ends. */
  isAlternate: boolean;
}

/** The words of `display-message` for these facts. */
export const paneFormat =
  "#{pane_width}:#{pane_height}:#{cursor_x}:#{cursor_y}:#{cursor_flag}:#{alternate_on}";

/** Null for what no such pane says. */
export function readPaneFacts(line: string): PaneFacts | null {
  if (!/^\d{1,4}(:\d{1,4}){5}$/.test(line)) return null;
  const [columns, rows, x = 0, y = 0, isCursorShown, isAlternate] = line.split(":").map(Number);
  const size = TerminalSize.safeParse({ columns, rows }).data;
  // Behind a full line the cursor is beyond the last column.
  if (size === undefined || x > size.columns || y >= size.rows) return null;
  return { size, cursor: { x, y }, isCursorShown: isCursorShown === 1, isAlternate: isAlternate === 1 };
}

export interface Picture {
  history: Uint8Array;
  screen: Uint8Array;
}

/** @param captured lines of `capture-pane -e -N -S -`: what had scrolled away, then as many as the screen has rows */
export function pictureOf(
  captured: readonly Uint8Array[],
  { size, cursor, isCursorShown, isAlternate }: PaneFacts,
): Picture {
  const lines = withOwnStyle(captured);
  const first = Math.max(0, lines.length - size.rows);
  const history = lines.slice(0, first).flatMap((line) => [line, lineEnd]);
  const rows = lines
    .slice(first)
    .flatMap((line, row) =>
      line.length === 0 ? [] : [bytesOf(`\u001b[${row + 1};1H`), line, bytesOf("\u001b[0m")],
    );
  const begin = bytesOf(`${isAlternate ? "\u001b[?1049h" : ""}\u001b[0m\u001b[H\u001b[2J`);
  const isFull = cursor.x >= size.columns;
  // Behind a full line the cursor waits in its last column: only writing that line anew brings it there.
  const place = isFull ? [bytesOf(`\u001b[${cursor.y + 1};1H`), lines[first + cursor.y] ?? noBytes] : [];
  const end = `\u001b[0m${isFull ? "" : `\u001b[${cursor.y + 1};${cursor.x + 1}H`}\u001b[?25${isCursorShown ? "h" : "l"}`;
  return { history: joined(history), screen: joined([begin, ...rows, ...place, bytesOf(end)]) };
}

const noBytes = new Uint8Array(0);
const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const lineEnd = bytesOf("\u001b[0m\r\n");

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
