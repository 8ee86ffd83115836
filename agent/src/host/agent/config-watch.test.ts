import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isConfigNew } from "./config-watch.ts";

let folder: string;
let file: string;
let closure: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-config-"));
  [file, closure] = [join(folder, "agent.json"), join(folder, "closure.json")];
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(now: string | null, declared: string | null): void {
  if (now !== null) writeFileSync(file, now);
  if (declared !== null) writeFileSync(closure, declared);
}

test("another declared configuration that lies in its place is new", () => {
  write("b", "b");
  expect(isConfigNew("a", file, closure)).toBe(true);
  expect(isConfigNew("b", file, closure)).toBe(false);
});

for (const [name, now, declared] of [
  ["what somebody wrote into /etc", "tampered", "a"],
  ["a declared one that is not in its place yet", "a", "b"],
  ["a system without Chimera", "a", null],
  ["a file that is gone", null, "b"],
] as const) {
  test(`${name} is no new configuration`, () => {
    write(now, declared);
    expect(isConfigNew("a", file, closure)).toBe(false);
  });
}
