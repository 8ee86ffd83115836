import { expect, test } from "vitest";
import { inTurn } from "./tmux-turn.ts";

test("what is done with one server is done one after the other, whatever comes of it; other servers have their own turns", async () => {
  const seen: string[] = [];
  const first = Promise.withResolvers<void>();
  const failing = inTurn("/a", async () => {
    seen.push("first");
    await first.promise;
    throw new Error("refused");
  });
  const next = inTurn("/a", () => Promise.resolve(seen.push("second")));
  await inTurn("/b", () => Promise.resolve(seen.push("other")));
  expect(seen).toEqual(["first", "other"]);
  first.resolve();
  await expect(failing).rejects.toThrow("refused");
  await next;
  expect(seen).toEqual(["first", "other", "second"]);
});

test("of one that hangs nobody waits for ever", { timeout: 20_000 }, async () => {
  void inTurn("/hangs", () => new Promise(() => undefined));
  expect(await inTurn("/hangs", () => Promise.resolve("done"))).toBe("done");
});
