/** Files as programs write them: growing, bounded, hostile. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StreamId } from "@chimera/proto/sessions/session";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { OutputSource } from "../../sessions/output-source.ts";
import { openLogSource, punchLog } from "./log-source.ts";

let folder: string;
let file: string;
const sources: OutputSource[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-log-"));
  file = join(folder, "log");
});
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
  rmSync(folder, { recursive: true });
});

function open(onChange = (): void => undefined, mostBytes = 4 << 20): OutputSource {
  const stream = StreamId.parse("0123456789abcdef");
  const source = openLogSource({ file, stream, size: { columns: 80, rows: 24 }, mostBytes, onChange });
  sources.push(source);
  return source;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

test("what is appended is told, and read by its place", async () => {
  writeFileSync(file, "first\n");
  const changes = vi.fn<() => void>();
  const source = open(changes);
  appendFileSync(file, "second\n");
  await vi.waitFor(() => expect(changes).toHaveBeenCalled(), { timeout: 3000 });
  expect(source.held()).toEqual({ from: 0, to: 13 });
  expect(text(source.read(6, 100))).toBe("second\n");
  expect(text(source.read(2, 3))).toBe("rst");
  expect(() => source.read(14, 1)).toThrow(RangeError);
});

test("of a long file the first part goes back to the disk, and places stay what they were", async () => {
  writeFileSync(file, "");
  for (let block = 0; block < 12; block += 1) appendFileSync(file, Buffer.alloc(1 << 20, 97 + block));
  const source = open();
  const { from } = source.held();
  await punchLog(file, { from: 0, to: from });
  expect(source.held()).toEqual({ from: 8 << 20, to: 12 << 20 });
  expect(text(source.read(8 << 20, 3))).toBe("iii");
  expect(() => source.read((8 << 20) - 1, 1)).toThrow(RangeError);
  const { size, blocks } = statSync(file);
  expect([size, blocks * 512 <= (4 << 20) + 65_536]).toEqual([12 << 20, true]);
  appendFileSync(file, "more");
  expect(source.held()).toEqual({ from: 8 << 20, to: (12 << 20) + 4 });
  expect(text(source.read(12 << 20, 10))).toBe("more");
});

test("a picture is the newest lines, whole ones, and fits to what comes next", async () => {
  writeFileSync(file, Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`).join(""));
  const source = open();
  const { history, screen, at } = await source.picture();
  expect(text(history)).toMatch(/^line \d+\n/u);
  expect(text(history).endsWith("line 19999\n")).toBe(true);
  expect(history.length).toBeLessThanOrEqual(64 * 1024);
  expect([screen.length, at]).toEqual([0, statSync(file).size]);
  writeFileSync(file, "a short one");
  expect(text((await open().picture()).history)).toBe("a short one");
});

test.each([
  ["nothing", () => undefined],
  ["a folder", () => mkdirSync(file)],
  ["a link to another file", () => symlinkSync("/etc/shadow", file)],
  ["a pipe", () => execFileSync("mkfifo", [file])],
])("%s in its place is no log", (_, make) => {
  make();
  expect(() => open()).toThrow(expect.objectContaining({ code: "file-unreadable" }));
});
