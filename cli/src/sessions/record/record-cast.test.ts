import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readCast } from "./read-cast.ts";
import { openRecording } from "./record-cast.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync("/tmp/chimera-cast-");
});
afterEach(() => rmSync(dir, { recursive: true }));

const facts = sessionFacts("x", { output: "terminal" });
const record = (options: { mostBytes?: number } = {}) =>
  openRecording({ nowMs: () => 1_000 }, join(dir, "x.cast"), { name: "n1/x", facts, ...options });
async function played(): Promise<{ text: string; marks: string[] }> {
  let text = "";
  const marks: string[] = [];
  for await (const step of (await readCast(join(dir, "x.cast"))).steps) {
    if (step.kind === "output") text += step.text;
    if (step.kind === "marker") marks.push(step.text);
  }
  return { text, marks };
}

test("what comes at once, as a picture with its history, is written in pieces that play takes", async () => {
  const recording = record();
  const history = Buffer.from("\u001b[31mred\u001b[0m ünï\r\n".repeat(100_000));
  const screen = Buffer.alloc(300_000, 0x1b);
  recording.take({ kind: "screen", size: facts.size, history, screen });
  expect(recording.end()).toBeNull();
  expect((await played()).text).toBe(history.toString("utf8") + screen.toString("utf8"));
});

test("a mark of byte order is output as any other, and half a character at the end is replaced", async () => {
  const recording = record();
  recording.take({ kind: "output", bytes: Buffer.from("\ufeffone") });
  recording.take({ kind: "output", bytes: Buffer.from("ä").subarray(0, 1) });
  recording.end();
  expect((await played()).text).toBe("\ufeffone\ufffd");
});

test("it has a bound, and says in its last line that it ends there", async () => {
  const recording = record({ mostBytes: 100_000 });
  const said = Array.from({ length: 40 }, () =>
    recording.take({ kind: "output", bytes: Buffer.alloc(10_000, "x") }),
  );
  expect(said.filter((text) => text !== null)).toEqual([expect.stringMatching(/has 100000 bytes/u)]);
  expect(recording.end()).toMatch(/has 100000 bytes/u);
  expect(readFileSync(join(dir, "x.cast")).length).toBeLessThanOrEqual(100_000);
  expect((await played()).marks).toEqual([expect.stringMatching(/^recording ends here/u)]);
});
