import { expect, test } from "vitest";
import { createContactMemory } from "./contact-memory.ts";

function setUp(answers: boolean[]) {
  let nowMs = 100_000;
  let asked = 0;
  const ask = () => {
    asked += 1;
    return Promise.resolve(answers.shift() ?? false);
  };
  const memory = createContactMemory(ask, () => nowMs);
  return { memory, pass: (ms: number) => (nowMs += ms), asked: () => asked };
}

test("an answer that is seconds old counts, and is not asked for at each look", async () => {
  const { memory, pass, asked } = setUp([true, false]);
  expect(await memory.look(true)).toEqual({ contact: true, silentMs: 0 });
  pass(1_000);
  expect(await memory.look(true)).toEqual({ contact: true, silentMs: 1_000 });
  expect(asked()).toBe(1);
  pass(1_500);
  expect(await memory.look(true)).toEqual({ contact: false, silentMs: 2_500 });
});

test("what was heard before nobody asked says nothing afterwards", async () => {
  const { memory, asked } = setUp([true, false]);
  await memory.look(true);
  expect(await memory.look(false)).toEqual({ contact: null, silentMs: null });
  expect(await memory.look(true)).toEqual({ contact: false, silentMs: null });
  expect(asked()).toBe(2);
});
