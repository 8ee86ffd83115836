import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeInstanceLock } from "./single-instance.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a second agent is refused while the first lives, and welcome afterwards", () => {
  const release = takeInstanceLock(folder);
  expect(() => takeInstanceLock(folder)).toThrow(/another agent drives this node/);
  release();
  expect(readdirSync(folder)).toEqual([]);
  takeInstanceLock(folder)();
});

test("a dead agent's lock, even with its pid in use again, is taken over", async () => {
  const child = spawn("true");
  await once(child, "exit");
  const lock = join(folder, "agent.lock");
  for (const holder of [`${child.pid} 123 boot`, `${process.pid} 123 an-earlier-boot`, "", "rubbish"]) {
    writeFileSync(lock, holder);
    const release = takeInstanceLock(folder);
    expect(readFileSync(lock, "utf8")).toMatch(new RegExp(`^${process.pid} `));
    release();
    expect(existsSync(lock)).toBe(false);
  }
});
