import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { afterEach, beforeEach, expect, test } from "vitest";
import { at } from "../../reconcile/model/play-machine.ts";
import { journalPath, openJournal } from "./journal-file.ts";

const log = createLog({ fields: {}, write: () => undefined });
const golden = join(import.meta.dirname, "../../reconcile/golden");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-journal-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what was saved is read; a node that never had a journal has none", () => {
  const stored = openJournal(folder, log);
  expect(stored).toMatchObject({ value: null, corrupt: null });
  stored.save(at("probation"));
  expect(openJournal(folder, log).value).toEqual(at("probation"));
});

for (const name of readdirSync(golden)) {
  test(`the journal of an earlier agent is taken over: ${name}`, () => {
    writeFileSync(journalPath(folder), readFileSync(join(golden, name)));
    const { value, corrupt } = openJournal(folder, log);
    expect(corrupt).toBeNull();
    expect(value).toMatchObject({ v: 2, order: { local: null } });
  });
}

for (const [name, text] of [
  ["nothing", ""],
  ["half a journal", JSON.stringify(at("probation")).slice(0, 200)],
  ["zeros, as after a power cut", "\0".repeat(400)],
  ["garbage", "\u0001\u0002 not a journal"],
  ["a step that nobody knows", JSON.stringify({ ...at("probation"), step: "dancing" })],
  ["a newer agent's journal", JSON.stringify({ ...at("probation"), v: 3 })],
] as const) {
  test(`${name} is set aside as evidence, and the node goes on without`, () => {
    writeFileSync(journalPath(folder), text);
    const stored = openJournal(folder, log);
    expect(stored.value).toBeNull();
    expect(readFileSync(stored.corrupt ?? "", "utf8")).toBe(text);
    expect(existsSync(journalPath(folder))).toBe(false);
    stored.save(at("staged"));
    expect(openJournal(folder, log)).toMatchObject({ corrupt: null, value: { step: "staged" } });
  });
}
