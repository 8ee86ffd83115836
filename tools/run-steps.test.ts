import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runSteps } from "./run-steps.ts";

const node = (code: string) => [process.execPath, "-e", code] as const;

test("every step that succeeds is named with its seconds and its output is not shown", async () => {
  const lines: string[] = [];
  const ok = await runSteps([{ name: "first", argv: node("console.log('chatter')") }], tmpdir(), (line) =>
    lines.push(line),
  );
  expect(ok).toBe(true);
  expect(lines).toEqual([expect.stringMatching(/^first +\d+\.\d s {2}ok$/)]);
});

test("a failing step shows what it printed on both streams, ends its neighbour and starts no other", async () => {
  const lines: string[] = [];
  const started = performance.now();
  const ok = await runSteps(
    [
      { name: "long", argv: node("setTimeout(() => {}, 60_000)") },
      { name: "broken", argv: node("console.log('to out'); console.error('to err'); process.exit(3)") },
      { name: "never", argv: node("console.log('never')") },
    ],
    tmpdir(),
    (line) => lines.push(line),
  );
  expect(ok).toBe(false);
  expect(performance.now() - started).toBeLessThan(30_000);
  expect(lines[0]).toMatch(/^broken +\d+\.\d s {2}FAILED$/);
  expect(lines[1]).toMatch(/to out\nto err/);
  expect(lines).toHaveLength(2);
});

test("a tool that is not installed fails the run and is named", async () => {
  const lines: string[] = [];
  const ok = await runSteps([{ name: "lint", argv: ["no-such-linter-here"] }], tmpdir(), (line) =>
    lines.push(line),
  );
  expect(ok).toBe(false);
  expect(lines.join("\n")).toContain("no-such-linter-here");
});
