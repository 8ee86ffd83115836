/** What a newer agent kept is there when that agent is back, though an older one wrote the file in between. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import { createLog } from "@chimera/proto/log";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { editGrowing, openGrowing } from "./growing-document.ts";

const Note = z.object({ v: z.literal(1), text: z.string(), hold: z.string().nullable().default(null) });
const log = createLog({ fields: {}, write: () => undefined });
const nobody = () => {
  throw new Error("there is nothing to edit");
};
let folder: string;
let file: string;
const onDisk = () => JSON.parse(readFileSync(file, "utf8"));
const write = (value: unknown) => writeFileSync(file, JSON.stringify(value));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-growing-"));
  file = join(folder, "note.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a field that is not known here is not shown, and survives each write", () => {
  write({ v: 1, text: "a", windows: [{ from: "02:00" }] });
  const stored = openGrowing(file, Note, log);
  expect(stored.value).toEqual({ v: 1, text: "a", hold: null });
  stored.save({ v: 1, text: "b", hold: "x" });
  stored.save({ v: 1, text: "c", hold: null });
  expect(onDisk()).toEqual({ v: 1, text: "c", hold: null, windows: [{ from: "02:00" }] });
  editGrowing(file, Note, (note) => ({ ...note, text: "d" }));
  expect(onDisk()).toMatchObject({ text: "d", windows: [{ from: "02:00" }] });
});

test("a field with a hostile name is one like any other", () => {
  writeFileSync(file, '{"v":1,"text":"a","__proto__":{"hold":"x"},"constructor":1}');
  const stored = openGrowing(file, Note, log);
  expect(stored.value).toEqual({ v: 1, text: "a", hold: null });
  stored.save({ v: 1, text: "b", hold: null });
  expect(onDisk()).toMatchObject({ text: "b", hold: null, constructor: 1 });
});

test("garbage is set aside, a newer version is left alone, and neither is edited", () => {
  editGrowing(file, Note, nobody);
  write({ v: 1, text: 7 });
  editGrowing(file, Note, nobody);
  expect(openGrowing(file, Note, log)).toMatchObject({ value: null, corrupt: expect.any(String) });
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^note\.json\.corrupt-/u)]);
  write({ v: 2, text: "a" });
  editGrowing(file, Note, nobody);
  expect(() => openGrowing(file, Note, log)).toThrow(/newer agent wrote it/u);
});

test("signed exceptions keep what a newer agent says of them", () => {
  const golden = join(import.meta.dirname, "../../../../proto/test/golden/v1/trust-state.json");
  const exception = {
    glob: "/etc/motd",
    until: "2026-11-24T12:00:00.000Z",
    createdAt: "2026-11-23T12:00:00.000Z",
    author: "ops",
    reason: "measuring",
    ended: false,
  };
  const driftExceptions = [{ ...exception, also: ["/srv"] }, exception];
  write({ ...JSON.parse(readFileSync(golden, "utf8")), driftExceptions, driftWindows: ["02:00"] });
  const { value, save } = openGrowing(file, TrustState, log);
  if (value === null) throw new Error("not read");
  save({ ...value, hold: null });
  expect(onDisk()).toMatchObject({ driftExceptions, driftWindows: ["02:00"], hold: null });
});
