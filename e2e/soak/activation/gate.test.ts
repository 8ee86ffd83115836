import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

function task(log: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const run = async () => {
    log.push(`${name} begins`);
    await promise;
    log.push(`${name} ends`);
  };
  return { run, end: resolve };
}

/** Whatever can go on without anybody's end has gone on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
}

test("who works alone waits for the others, and who comes later waits for him", async () => {
  const log: string[] = [];
  const gate = createGate();
  const [first, second, alone, later] = ["first", "second", "alone", "later"].map((name) => task(log, name));
  if (!first || !second || !alone || !later) throw new Error("no tasks");
  const early = [gate.beside(first.run), gate.beside(second.run)];
  await settle();
  const late = [gate.alone(alone.run), gate.beside(later.run)];
  await settle();
  expect(log).toEqual(["first begins", "second begins"]);
  first.end();
  await settle();
  expect(log).not.toContain("alone begins");
  second.end();
  await settle();
  expect(log.slice(-1)).toEqual(["alone begins"]);
  alone.end();
  later.end();
  await Promise.all([...early, ...late]);
  expect(log.slice(-3)).toEqual(["alone ends", "later begins", "later ends"]);
});

test("one that fails keeps nobody out", async () => {
  const gate = createGate();
  const failed = gate.alone(() => Promise.reject(new Error("no")));
  await expect(failed).rejects.toThrow("no");
  const broken = gate.beside(() => Promise.reject(new Error("neither")));
  await expect(broken).rejects.toThrow("neither");
  expect(await gate.alone(() => Promise.resolve("in"))).toBe("in");
});
