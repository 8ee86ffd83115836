/** Lines of a node that may send anything. */
import { expect, test } from "vitest";
import { createLines } from "./bounded-lines.ts";

function linesOf(pieces: readonly string[], maxBytes = 8): { lines: string[]; taken: boolean[] } {
  const lines: string[] = [];
  const take = createLines((line) => lines.push(line), maxBytes);
  return { lines, taken: pieces.map((piece) => take(Buffer.from(piece))) };
}

test("are whole wherever the pieces were cut, and an unfinished one is not told", () => {
  const text = "a\n\nzwölf\nend";
  const bytes = Array.from(Buffer.from(text));
  const lines: string[] = [];
  const take = createLines((line) => lines.push(line), 8);
  for (const byte of bytes) take(Buffer.from([byte]));
  expect(lines).toEqual(["a", "", "zwölf"]);
  expect(linesOf([text]).lines).toEqual(lines);
});

test("one that never ends, and one that is too long, end it", () => {
  expect(linesOf(["1234", "5678", "9"]).taken).toEqual([true, true, false]);
  expect(linesOf(["ok\n123456789\nmore\n"])).toEqual({ lines: ["ok"], taken: [false] });
  expect(linesOf(["12345678\nx"])).toEqual({ lines: ["12345678"], taken: [true] });
});
