import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../lab/wait-until.ts";
import type { JournalStep } from "./journal-steps.ts";
import { watchJournal, type JournalWatch, type JournalWrite } from "./watch-journal.ts";

let folder: string;
let watch: JournalWatch | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-watch-journal-"));
});
afterEach(() => {
  watch?.close();
  rmSync(folder, { recursive: true });
});

/** As the agent writes it: a temporary file that takes the journal's name. */
function put(text: string): void {
  const path = join(folder, "journal.json");
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function journal(step: JournalStep, order: string, transitions: number): string {
  const rest = { v: 2, toplevel: "/nix/store/x", unit: null, problem: null, transitions };
  return JSON.stringify({ ...rest, step, order: { id: order, serial: 1 } });
}

async function seen(writes: readonly JournalWrite[], count: number): Promise<string[]> {
  await waitUntil(`${count} writes seen`, () => writes.length >= count, { timeoutMs: 5_000, everyMs: 5 });
  return writes.map(({ step, write }) => `${step} ${write}`);
}

test("each write is told with its number in its step, and a step that comes again counts anew", async () => {
  const writes: JournalWrite[] = [];
  watch = watchJournal(folder, (write) => writes.push(write));
  const steps: JournalStep[] = ["accepted", "accepted", "staged", "activating", "staged"];
  for (const [index, step] of steps.entries()) {
    put(journal(step, "one", index));
    await seen(writes, index + 1);
  }
  expect(await seen(writes, 5)).toEqual(["accepted 0", "accepted 1", "staged 0", "activating 0", "staged 0"]);
});

test("the order that was there before is not told, whatever is still written for it", async () => {
  put(journal("committed", "before", 0));
  const writes: JournalWrite[] = [];
  watch = watchJournal(folder, (write) => writes.push(write));
  put(journal("committed", "before", 1));
  put(journal("accepted", "after", 0));
  expect(await seen(writes, 1)).toEqual(["accepted 0"]);
});

test("what was written at the last moment is found without being told", () => {
  watch = watchJournal(folder, () => undefined);
  put(journal("probation", "one", 0));
  expect(watch.last()).toMatchObject({ step: "probation", write: 0 });
});

test("garbage in the place of a journal is passed over", async () => {
  const writes: JournalWrite[] = [];
  watch = watchJournal(folder, (write) => writes.push(write));
  put("\0\0\0");
  put(journal("staged", "one", 0));
  expect(await seen(writes, 1)).toEqual(["staged 0"]);
});
