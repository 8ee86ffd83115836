/** The mark at the end of a pane's log, also half of it. */
import { expect, test } from "vitest";
import { endMark, markAtEnd } from "./end-mark.ts";

const mark = endMark("0123456789abcdef01234567");
const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

test("is found at the end, whole or not, and nowhere else", () => {
  for (let length = 1; length <= mark.length; length += 1) {
    expect(markAtEnd(bytes(`output\u00ff${mark.slice(0, length)}`)), String(length)).toBe(length);
  }
  expect(markAtEnd(bytes(mark))).toBe(mark.length);
});

test.each(["", "output\n", `${mark}x`, "\u001b[31m", "\u001b]0;title\u0007", `${mark.slice(0, -1)}x`])(
  "%j ends with none",
  (text) => {
    expect(markAtEnd(bytes(text))).toBe(0);
  },
);
