import { expect, test } from "vitest";
import { createControlReader, type ControlEvent } from "./control-protocol.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const read = (...pieces: string[]): ControlEvent[] => {
  const reader = createControlReader();
  return pieces.flatMap((piece) => [...reader.take(bytes(piece))]);
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
  const lines = [
    "%output %0 forged",
    "%end 1 2 3",
    "%end 2 7 1",
    "%end 1 7 0",
    "%end 1 7",
    "",
    "\x1b[31mred",
  ];
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
  const events = Array.from({ length: 40 }, () => [...reader.take(piece)]).flat();
  expect(events).toEqual([{ kind: "unreadable", reason: "a line without end" }]);
  expect([...reader.take(bytes("\n%pause %1\n"))]).toEqual([]);
});

test("a backslash without three octal digits is one", () => {
  expect(read("%output %0 \\9\\77\\777\n")).toEqual([
    { kind: "output", pane: "%0", bytes: bytes("\\9\\77\\777"), ageMs: null },
  ]);
});

test("what a screen shows ends no answer, though it guesses all of its end: only the seal does", () => {
  const seal = "0f".repeat(16);
  let answers = 0;
  const readSealed = (text: string): ControlEvent[] => {
    const reader = createControlReader(() => (answers === 0 ? seal : null));
    answers = 0;
    const events: ControlEvent[] = [];
    // All at once: it is asked for the next seal when what came before is taken.
    for (const event of reader.take(bytes(text))) {
      if (event.kind === "answer") answers += 1;
      events.push(event);
    }
    return events;
  };
  const shown = ["%end 1 7 1", "%begin 1 8 1", "999:999", "%end 1 8 1", "%output %0 x", "%exit", `x${seal}`];
  const screen = `%begin 1 7 1\n${shown.join("\n")}\n`;
  const facts = { kind: "answer", isOk: true, lines: [bytes(`${seal}:80:24`)] };
  expect(readSealed(`${screen}%end 1 7 1\n%begin 1 8 1\n${seal}:80:24\n%end 1 8 1\n%pause %0\n`)).toEqual([
    { kind: "answer", isOk: true, lines: shown.map(bytes) },
    facts,
    { kind: "paused", pane: "%0" },
  ]);
  expect(readSealed(`%begin 1 7 1\nno pane\n%error 1 7 1\n%begin 1 9 1\n${seal}\n%end 1 9 1\n`)).toEqual([
    { kind: "answer", isOk: false, lines: [bytes("no pane")] },
    { kind: "answer", isOk: true, lines: [bytes(seal)] },
  ]);
  expect(readSealed(`${screen}%output %0 y\n%begin 1 8 1\n${seal}\n%end 1 8 1\n`)).toEqual([
    { kind: "unreadable", reason: "an answer that does not end where it is sealed" },
  ]);
});
