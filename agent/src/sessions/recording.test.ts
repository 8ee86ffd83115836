/** What a node writes of a session in which somebody types, line by line, as a player reads it. */
import { maxCastLine, readCastEvent, readCastHeader } from "@chimera/proto/sessions/cast";
import { expect, test } from "vitest";
import { createRecording, type Recorded, type RecordingBegin } from "./recording.ts";

const size = { columns: 80, rows: 24 };
const order = "3fa98c01b2d4".padEnd(64, "0");
const beginMs = 1_796_000_000_500;
const empty = new Uint8Array(0);
const picture: Recorded = { kind: "picture", size, history: empty, screen: Buffer.from("$ ") };
const output = (bytes: Uint8Array | string): Recorded => ({
  kind: "output",
  bytes: typeof bytes === "string" ? Buffer.from(bytes) : Uint8Array.from(bytes),
});

function open(changes: Partial<RecordingBegin> = {}) {
  const recording = createRecording({
    title: "exec-1: bash",
    beginMs,
    mostBytes: 16 << 20,
    usedBytes: 0,
    ...changes,
  });
  let file = "";
  const take = (one: Recorded, afterMs = 0): string => {
    const text = recording.take(one, beginMs + afterMs);
    file += text;
    return text;
  };
  return { take, isOver: recording.isOver, file: () => file, steps: () => stepsOf(file) };
}

function stepsOf(file: string) {
  expect(file.endsWith("\n")).toBe(true);
  const [header = "", ...lines] = file.trimEnd().split("\n");
  expect(readCastHeader(header)).not.toBeNull();
  return lines.map((line) => {
    const step = readCastEvent(line);
    if (step === null) throw new Error(`no player reads ${line}`);
    return step;
  });
}

const textsOf = (steps: ReturnType<typeof stepsOf>) =>
  steps.flatMap((step) => (step.kind === "output" || step.kind === "marker" ? [step.text] : []));
const shownBy = (steps: ReturnType<typeof stepsOf>) =>
  steps.flatMap((step) => (step.kind === "output" ? [step.text] : [])).join("");

test("it begins with what was to be seen, and says when, how large and of what", () => {
  const one = open();
  one.take({ ...picture, history: Buffer.from("old\r\n"), screen: Buffer.from("\u001b[H$ ") });
  one.take(output("ls\r\n"), 1_250);
  const header = '{"version":2,"width":80,"height":24,"timestamp":1796000000,"title":"exec-1: bash"}\n';
  expect(one.file().startsWith(header)).toBe(true);
  expect(one.steps()).toEqual([
    // What had scrolled away is above the screen before that is drawn.
    { kind: "output", atMs: 0, text: `old\r\n${"\n".repeat(23)}\u001b[H$ ` },
    { kind: "output", atMs: 1250, text: "ls\r\n" },
  ]);
});

test("of what is typed it has by whom and how much, when it is time to say so, and at the end all of it", () => {
  const one = open();
  one.take(picture);
  one.take({ kind: "given", holder: "anna (anna-1)", order });
  expect(one.take({ kind: "count" })).toBe("");
  expect(one.take({ kind: "typed", bytes: 1 }, 500)).toBe("");
  one.take({ kind: "count" }, 10_500);
  one.take({ kind: "typed", bytes: 41 }, 11_000);
  one.take({ kind: "typed", bytes: 1 }, 12_000);
  one.take({ kind: "over", reason: "somebody else took it" }, 13_000);
  one.take({ kind: "given", holder: "bob (bob-1)", order }, 13_000);
  one.take({ kind: "end", reason: "exit code 3" }, 14_000);
  expect(textsOf(one.steps())).toEqual([
    "$ ",
    "keyboard: anna (anna-1), by order 3fa98c01b2d4",
    "anna (anna-1) typed 1 byte",
    "anna (anna-1) typed 42 bytes",
    "keyboard over: anna (anna-1) typed 43 bytes in all; somebody else took it",
    "keyboard: bob (bob-1), by order 3fa98c01b2d4",
    "keyboard over: bob (bob-1) typed 0 bytes in all; exit code 3",
    "recording ends here: exit code 3",
  ]);
  expect(one.isOver()).toBe(true);
  expect(one.take(output("more"))).toBe("");
});

test("nobody's keys are counted where nobody holds the keyboard", () => {
  const one = open();
  one.take(picture);
  for (const step of [{ kind: "typed", bytes: 7 }, { kind: "count" }, { kind: "over", reason: "x" }] as const)
    expect(one.take(step)).toBe("");
});

const umlauts = Buffer.from("ä€😀");

test("a character that comes in pieces is one, wherever it is cut", () => {
  const one = open();
  one.take(picture);
  for (const byte of umlauts) one.take(output(Uint8Array.of(byte)));
  expect(shownBy(one.steps())).toBe("$ ä€😀");
});

test("what is no UTF-8 is replaced, and half a character is not lost where the output has a hole or an end", () => {
  const one = open();
  one.take(picture);
  one.take(output(Uint8Array.of(0x61, 0xff, 0x62, 0xc3)));
  one.take({ ...picture, screen: Buffer.from("anew") });
  one.take(output(Uint8Array.of(0xe2, 0x82)));
  one.take({ kind: "end", reason: "over" });
  expect(textsOf(one.steps())).toEqual([
    "$ ",
    "a\ufffdb",
    "\ufffd",
    "output is missing here: more came than this node could hear, and nobody counted it",
    "anew",
    "\ufffd",
    "recording ends here: over",
  ]);
});

test("a new size is said once, also where it came with a picture", () => {
  const one = open();
  const larger = { columns: 100, rows: 30 };
  one.take(picture);
  one.take({ kind: "size", size });
  one.take({ kind: "size", size: larger });
  one.take({ kind: "size", size: larger });
  one.take({ ...picture, size });
  expect(one.steps().flatMap((step) => (step.kind === "resize" ? [step.size] : []))).toEqual([larger, size]);
});

test("a clock that is set back takes no time back", () => {
  const one = open();
  one.take(picture);
  one.take(output("a"), 5_000);
  one.take(output("b"), -60_000);
  expect(one.steps().map(({ atMs }) => atMs)).toEqual([0, 5_000, 5_000]);
});

test("no line is longer than a player reads, whatever comes at once", () => {
  const one = open();
  one.take({ ...picture, history: Buffer.alloc(1 << 20, 0x01), screen: Buffer.alloc(300_000, 0xff) });
  const lines = one.file().split("\n");
  expect(lines.length).toBeGreaterThan(20);
  expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(maxCastLine);
  expect(shownBy(one.steps())).toBe(
    `${"\u0001".repeat(1 << 20)}${"\n".repeat(23)}${"\ufffd".repeat(300_000)}`,
  );
});

test("when it is full it says so as its last, and has no byte more than it may, with what was recorded before", () => {
  const one = open({ mostBytes: 2 << 20, usedBytes: 1 << 20 });
  one.take(picture);
  one.take({ kind: "given", holder: "anna", order });
  for (let round = 0; round < 100; round += 1) one.take(output("x".repeat(60_000)), round);
  one.take({ kind: "end", reason: "over" });
  expect(one.isOver()).toBe(true);
  const bytes = Buffer.byteLength(one.file());
  expect(bytes).toBeLessThanOrEqual(1 << 20);
  expect(bytes).toBeGreaterThan((1 << 20) - 70_000);
  const texts = textsOf(one.steps());
  expect(texts.at(-1)).toBe("recording ends here: 2 MiB, and a session has no more");
  expect(texts.filter((text) => text.startsWith("recording ends"))).toHaveLength(1);
});

test("a long reason, in whatever characters, fits into what is left for it", () => {
  const most = 1 << 20;
  const usedBytes = most - 5_000;
  const one = open({ mostBytes: most, usedBytes });
  one.take(picture);
  one.take(output("y".repeat(700)));
  one.take({ kind: "end", reason: "\u0001".repeat(5_000) });
  expect(textsOf(one.steps()).at(-1)).toBe(`recording ends here: ${"\u0001".repeat(512)}`);
  expect(usedBytes + Buffer.byteLength(one.file())).toBeLessThanOrEqual(most);
});
