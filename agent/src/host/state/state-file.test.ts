import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { readStateFile, writeStateFile } from "./state-file.ts";

const Note = z.object({ v: z.literal(1), text: z.string() });
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-state-"));
  file = join(folder, "note.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what was written is read, for root only, and no temporary file stays", () => {
  expect(readStateFile(file, Note)).toEqual({ kind: "missing" });
  writeStateFile(file, { v: 1, text: "a" });
  writeStateFile(file, { v: 1, text: "b" });
  expect(readStateFile(file, Note)).toEqual({ kind: "ok", value: { v: 1, text: "b" } });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["note.json"]);
});

test("a half-written temporary file of a crash is no document and in nobody's way", () => {
  writeFileSync(`${file}.new`, '{"v":1,"te');
  expect(readStateFile(file, Note)).toEqual({ kind: "missing" });
  writeStateFile(file, { v: 1, text: "a" });
  expect(readStateFile(file, Note).kind).toBe("ok");
});

for (const [name, text] of [
  ["nothing", ""],
  ["half a document", '{"v":1,"te'],
  ["zeros, as after a power cut", "\0".repeat(64)],
  ["a document of another shape", '{"v":1,"text":5}'],
  ["a document without a version", '{"text":"a"}'],
  ["more than the limit", " ".repeat((4 << 20) + 1)],
] as const) {
  test(`${name} is kept aside as evidence`, () => {
    writeFileSync(file, text);
    const read = readStateFile(file, Note);
    expect(read.kind).toBe("corrupt");
    expect(existsSync(file)).toBe(false);
    expect(read.kind === "corrupt" && readFileSync(read.keptAs, "utf8")).toBe(text);
  });
}

test("a newer version is refused and left alone", () => {
  const text = '{"v":2,"text":"a","more":true}';
  writeFileSync(file, text);
  expect(() => readStateFile(file, Note)).toThrow(/version 2/);
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("a refusing disk is an operational failure, and the old document stays whole", () => {
  writeStateFile(file, { v: 1, text: "a" });
  expect(() => writeStateFile(join(file, "below-a-file"), {})).toThrow(/could not be written/);
  expect(readStateFile(file, Note).kind).toBe("ok");
});
