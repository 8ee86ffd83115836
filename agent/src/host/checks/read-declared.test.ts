import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDeclaredReader, readDeclared } from "./read-declared.ts";
import { StorePath } from "@chimera/proto/names";

const web = { kind: "tcp", name: "web", host: "::1", port: 80 };
const lines: string[] = [];
const log = createLog({ fields: {}, write: (line) => lines.push(line) });
const nothing = { checks: null, units: null };
let toplevel: string;

beforeEach(() => {
  toplevel = mkdtempSync(join(tmpdir(), "chimera-declared-"));
  mkdirSync(join(toplevel, "etc/chimera"), { recursive: true });
  lines.length = 0;
});
afterEach(() => rmSync(toplevel, { recursive: true }));

const file = () => join(toplevel, "etc/chimera/agent.json");
const declare = (config: unknown) => writeFileSync(file(), JSON.stringify(config));

test("what the module says, with the defaults of each check", async () => {
  declare({ node: "n1", checks: [web], units: [{ unit: "a.service", reason: "x" }], later: true });
  expect(await readDeclared(toplevel, log)).toEqual({
    checks: [expect.objectContaining({ ...web, everySeconds: 5, passes: 2 })],
    units: [expect.objectContaining({ unit: "a.service", ignore: false })],
  });
});

test("an empty list is another word than none", async () => {
  declare({ checks: [] });
  expect(await readDeclared(toplevel, log)).toEqual({ checks: [], units: null });
});

test("a check of a newer agent's is left out, and that is said", async () => {
  declare({ checks: [{ kind: "battery", name: "ups" }, web, { ...web, name: "Not A Name" }] });
  expect((await readDeclared(toplevel, log)).checks).toMatchObject([{ name: "web" }]);
  expect(lines.join("")).toMatch(/"left":2/u);
});

test("a system without an agent, and whatever is no configuration, says nothing", async () => {
  expect(await readDeclared(join(toplevel, "gone"), log)).toEqual(nothing);
  for (const text of ["", "{ half", "[]", '"text"', '{"checks":{}}', `{"x":"${"y".repeat(4 << 20)}"}`]) {
    writeFileSync(file(), text);
    expect(await readDeclared(toplevel, log)).toEqual(nothing);
  }
  rmSync(file());
  symlinkSync("/dev/zero", file());
  expect(await readDeclared(toplevel, log)).toEqual(nothing);
  rmSync(file());
  execFileSync("mkfifo", [file()]);
  expect(await readDeclared(toplevel, log)).toEqual(nothing);
});

test("each system is read once", async () => {
  const path = StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-none`);
  const read = createDeclaredReader(log);
  expect(await read(path)).toBe(await read(path));
});
