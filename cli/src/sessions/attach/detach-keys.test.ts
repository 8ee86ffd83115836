import { expect, test } from "vitest";
import { createDetachKeys } from "./detach-keys.ts";

const words = (...pieces: string[]): string[] => {
  const take = createDetachKeys();
  return pieces.flatMap((piece) => take(new TextEncoder().encode(piece)));
};

test.each([
  ["Ctrl-C offers, a second one leaves", ["\u0003", "\u0003"], ["offer", "leave"]],
  ["d after the offer leaves, also in one piece", ["\u0003d"], ["offer", "leave"]],
  [
    "any other key stays, and the next Ctrl-C offers again",
    ["\u0003", "x", "\u0003"],
    ["offer", "stay", "offer"],
  ],
  ["Ctrl-Backslash offers too", ["\u001c", "y"], ["offer", "leave"]],
  ["Ctrl-B d leaves", ["\u0002", "d"], ["leave"]],
  ["Ctrl-B and something else does nothing", ["\u0002", "x", "d"], []],
  ["Ctrl-Z suspends", ["\u001a"], ["suspend"]],
  ["text, a paste and arrow keys do nothing", ["rm -rf /\r", "\u001b[200~d\u001b[201~", "\u001b[A"], []],
])("%s", (_, pieces, expected) => {
  expect(words(...pieces)).toEqual(expected);
});
