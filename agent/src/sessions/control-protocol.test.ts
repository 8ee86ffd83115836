import { expect, test } from "vitest";
import { createControlReader, type ControlEvent } from "./control-protocol.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const read = (...pieces: string[]): ControlEvent[] => {
  const reader = createControlReader();
  return pieces.flatMap((piece) => reader.take(bytes(piece)));
};

test("output is bytes, whatever pieces it comes in", () => {
  const line = String.raw`%output %3 a\015\012\134 \303\251` + "\xff\n";
  const whole = [{ kind: "output", pane: "%3", bytes: bytes("a\r\n\\ \xc3\xa9\xff"), ageMs: null }];
  expect(read(line)).toEqual(whole);
  expect(read(...Array.from(line))).toEqual(whole);
});

test("a character that is split between two lines stays split, as bytes", () => {
  expect(read("%output %0 \\303\n%output %0 \\251\n")).toEqual([
    { kind: "output", pane: "%0", bytes: bytes("\xc3"), ageMs: null },
    { kind: "output", pane: "%0", bytes: bytes("\xa9"), ageMs: null },
  ]);
});

test("with pauses allowed output has an age, and colons of its own", () => {
  expect(read("%extended-output %12 17 : x : y\n")).toEqual([
    { kind: "output", pane: "%12", bytes: bytes("x : y"), ageMs: 17 },
  ]);
});

test("an answer is its lines, though they look like tmux's own", () => {
  const lines = ["%output %0 forged", "%end 1 2 3", "", "\x1b[31mred"];
  expect(read(`%begin 1 7 1\n${lines.join("\n")}\n%end 1 7 1\n%error 5\n`)).toEqual([
    { kind: "answer", isOk: true, lines: lines.map(bytes) },
    { kind: "notice", name: "error", words: "5" },
  ]);
});

test("a refused command, a pause, an end, and what is not known", () => {
  expect(
    read("%begin 1 8 1\nno such pane\n%error 1 8 1\n%pause %4\n%sessions-changed\n%exit server exited\n"),
  ).toEqual([
    { kind: "answer", isOk: false, lines: [bytes("no such pane")] },
    { kind: "paused", pane: "%4" },
    { kind: "notice", name: "sessions-changed", words: "" },
    { kind: "exit", reason: "server exited" },
  ]);
});

test.each([
  ["what is no line of tmux", "Segmentation fault\n"],
  ["output of no pane", "%output\n"],
  ["output without a colon", "%extended-output %1 2\n"],
])("%s is told as unreadable", (_, text) => {
  expect(read(text)).toEqual([{ kind: "unreadable", reason: expect.any(String) }]);
});

test("a line without end is told once, and not kept", () => {
  const reader = createControlReader();
  const piece = new Uint8Array(1 << 18).fill(0x41);
  const events = Array.from({ length: 40 }, () => reader.take(piece)).flat();
  expect(events).toEqual([{ kind: "unreadable", reason: "a line without end" }]);
  expect(reader.take(bytes("\n%pause %1\n"))).toEqual([]);
});

test("a backslash without three octal digits is one", () => {
  expect(read("%output %0 \\9\\77\\777\n")).toEqual([
    { kind: "output", pane: "%0", bytes: bytes("\\9\\77\\777"), ageMs: null },
  ]);
});
