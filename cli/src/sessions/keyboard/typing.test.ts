import { Digest } from "@chimera/proto/names";
import type { Typed } from "@chimera/proto/sessions/keyboard";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { ChimeraError } from "@chimera/proto/errors";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ViewLine } from "../roads/session-road.ts";
import type { Keyboard } from "./take-keyboard.ts";
import { createTyping, type Typing } from "./typing.ts";

const order = (digit: string) => Digest.parse(digit.repeat(64));
const untilOf = (ms: number) => new Date(ms).toISOString();
const line: ViewLine = { ask: () => undefined, type: () => undefined, close: () => undefined };

let sent: string[];
let said: string[];
let nowMs: number;
let answers: ((result: Keyboard | ChimeraError) => void)[];
let typing: Typing;

/** Of an hour, as the node gave it by that order. */
const keyboard = (digit: string): Keyboard => ({
  order: order(digit),
  replaced: null,
  until: untilOf(nowMs + 3_600_000),
  before: null,
  send: (_, typed: Typed) =>
    sent.push(
      `${digit} ${typed.kind === "keys" ? Buffer.from(typed.keys, "base64").toString("utf8") : typed.kind}`,
    ),
});
const heldBy = (digit: string, holder = "anna (anna-1)") =>
  sessionFacts("exec-1", { keyboard: { order: order(digit), holder, until: untilOf(nowMs) } });
const keys = (text: string) => typing.take(Buffer.from(text));
const threeQuarters = async (): Promise<void> => {
  nowMs += 2_700_000;
  await vi.advanceTimersByTimeAsync(2_700_000);
};

beforeEach(() => {
  vi.useFakeTimers();
  [sent, said, answers, nowMs] = [[], [], [], Date.parse("2026-11-30T02:00:00Z")];
  typing = createTyping({
    keyboard: keyboard("a"),
    renew: () =>
      new Promise((resolve, reject) => {
        answers.push((result) => (result instanceof ChimeraError ? reject(result) : resolve(result)));
      }),
    nowMs: () => nowMs,
    say: (text) => said.push(text),
    leave: () => undefined,
  });
  typing.line(line);
  typing.heard(heldBy("a"));
});
afterEach(() => {
  typing.end();
  vi.useRealTimers();
});

test("signed for anew it stays his, whether the node's facts or its answer come first, and no key is lost", async () => {
  keys("one");
  await threeQuarters();
  typing.heard(heldBy("b"));
  keys("two");
  answers[0]?.(keyboard("b"));
  await vi.advanceTimersByTimeAsync(0);
  keys("three");
  expect(sent).toEqual(["a one", "b two", "b three"]);
  typing.heard(heldBy("b"));
  await threeQuarters();
  answers[1]?.(keyboard("c"));
  await vi.advanceTimersByTimeAsync(0);
  typing.heard(heldBy("b"));
  typing.heard(heldBy("c"));
  keys("four");
  expect(sent.at(-1)).toBe("c four");
  expect(said).toEqual([]);
});

test("whoever did not hear that somebody else took it does not take it back without knowing", async () => {
  typing.line(null);
  await threeQuarters();
  expect(answers).toEqual([]);
  typing.line(line);
  typing.heard(heldBy("f", "bob (bob-1)"));
  await threeQuarters();
  expect(answers).toEqual([]);
  expect(said).toEqual(["bob (bob-1) took the keyboard: you watch"]);
  expect(keys("x")).toBe(false);
});

test("one who took it before the node's word of its renewal was heard is not overlooked, and what was heard late is", async () => {
  await threeQuarters();
  answers[0]?.(keyboard("b"));
  await vi.advanceTimersByTimeAsync(0);
  typing.heard(heldBy("a"));
  keys("x");
  expect(sent.at(-1)).toBe("b x");
  typing.heard(heldBy("f", "bob (bob-1)"));
  expect(said).toEqual(["bob (bob-1) took the keyboard: you watch"]);
  expect(keys("y")).toBe(false);
});

test("after a broken line it is signed for anew as soon as it is seen to be his still", async () => {
  typing.line(null);
  await threeQuarters();
  typing.line(line);
  typing.heard(heldBy("a"));
  await vi.advanceTimersByTimeAsync(1000);
  expect(answers).toHaveLength(1);
});

test("where the node does not give it again it is his until its time, unless somebody else has it", async () => {
  await threeQuarters();
  keys("meanwhile");
  answers[0]?.(new ChimeraError("server-unreachable", "nobody answers"));
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toEqual(["a meanwhile"]);
  expect(said).toEqual([expect.stringMatching(/yours until .*and not longer: nobody answers/u)]);
  typing.heard(heldBy("f", "bob (bob-1)"));
  expect(said.at(-1)).toMatch(/^bob \(bob-1\) took/u);
});
