import { expect, test } from "vitest";
import { createTypedBytes } from "./typed-bytes.ts";

const said = (...pieces: string[]) => {
  const take = createTypedBytes();
  return pieces.flatMap((piece) =>
    take(Buffer.from(piece, "latin1")).map((one) =>
      one.kind === "leave" ? "LEAVE" : Buffer.from(one.bytes).toString("latin1"),
    ),
  );
};

test.each<[string, string[], string[]]>([
  [
    "every byte goes there, also Ctrl-C, Ctrl-Z and what ends a paste",
    ["a\u0003\u001a\u001b[201~\u00ff\u0000"],
    ["a\u0003\u001a\u001b[201~\u00ff\u0000"],
  ],
  ["Ctrl-B d leaves", ["\u0002d"], ["LEAVE"]],
  ["also in two pieces, after what was typed before", ["ls\u0002", "dx"], ["ls", "LEAVE"]],
  ["Ctrl-B twice is one", ["\u0002\u0002"], ["\u0002"]],
  ["Ctrl-B before another key goes there with it", ["\u0002", "x"], ["\u0002x"]],
])("%s", (_, ...[pieces, expected]) => {
  expect(said(...pieces)).toEqual(expected);
});
