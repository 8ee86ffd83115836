import { expect, test } from "vitest";
import { decodeFrame, encodeFrame, maxFrameBytes, type Frame } from "./session-frame.ts";

const stream = "0123456789abcdef";
const output = (bytes: Uint8Array): Frame => ({ head: { kind: "output", stream, from: 7 }, bytes });

test("bytes come out as they went in, whatever they are", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect(decodeFrame(encodeFrame(output(bytes)))).toEqual(output(bytes));
  expect(decodeFrame(encodeFrame(output(new Uint8Array(maxFrameBytes))))?.bytes).toHaveLength(maxFrameBytes);
});

test.each([
  ["nothing", ""],
  ["no line", "x".repeat(5000)],
  ["no JSON", "{\nxx"],
  ["another kind", '{"kind":"dance"}\n'],
  ["a position that is none", `{"kind":"output","stream":"${stream}","from":-1}\n`],
  ["a stream that is none", '{"kind":"output","stream":"../../etc","from":1}\n'],
])("%s is no frame", (_, text) => {
  expect(decodeFrame(new TextEncoder().encode(text))).toBeNull();
});

test("what is larger than a frame is none", () => {
  expect(decodeFrame(encodeFrame(output(new Uint8Array(2 * maxFrameBytes))))).toBeNull();
});
