import { expect, test } from "vitest";
import { createHintQueue } from "./hint-queue.ts";

test("each path is handed on once, with the time of its first hint", async () => {
  const { promise, resolve } = Promise.withResolvers<string[]>();
  const queue = createHintQueue({ delayMs: 5, follow: async (hints) => resolve([...hints.keys()]) });
  for (const path of ["a", "b", "a"]) queue.add(path);
  expect(await promise).toEqual(["a", "b"]);
  queue.stop();
});

test("a storm is one hint that everything is to be looked at, and what comes after it is followed again", async () => {
  const batches: string[][] = [];
  const { promise, resolve } = Promise.withResolvers<null>();
  const queue = createHintQueue({
    delayMs: 1,
    follow: async (hints) => {
      batches.push([...hints.keys()]);
      if (batches.length === 1) queue.add("later");
      else resolve(null);
    },
  });
  for (let index = 0; index < 10_000; index += 1) queue.add(`path-${index}`);
  await promise;
  expect(batches).toEqual([[""], ["later"]]);
  queue.stop();
});
