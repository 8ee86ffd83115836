import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSwitchLockHolder } from "./switch-lock-holder.ts";
import { isSwitchLocked } from "./switch-lock.ts";

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-lock-"));
  lock = join(folder, "switch.lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

const tryLock = () => spawnSync("flock", ["--nonblock", lock, "true"]).status;

test("while it is held nobody else gets the lock; once it is released anybody does", async () => {
  const holder = createSwitchLockHolder(lock);
  holder.hold();
  await vi.waitFor(() => expect(holder.isHeld()).toBe(true));
  expect(tryLock()).toBe(1);
  expect(isSwitchLocked(lock)).toBe(true);
  holder.hold();
  await holder.release();
  expect(tryLock()).toBe(0);
  expect(holder.isHeld()).toBe(false);
  await holder.release();
});

test("a lock that somebody else has is not waited for, and is taken when it is free", async () => {
  const other = spawn("flock", [lock, "cat"], { stdio: ["pipe", "ignore", "ignore"] });
  await vi.waitFor(() => expect(isSwitchLocked(lock)).toBe(true));
  const holder = createSwitchLockHolder(lock);
  holder.hold();
  other.stdin.end();
  await vi.waitFor(() => {
    holder.hold();
    expect(holder.isHeld()).toBe(true);
  });
  await holder.release();
});

test("a process that is killed gives the lock back", async () => {
  const program = `
    import { createSwitchLockHolder } from ${JSON.stringify(join(import.meta.dirname, "switch-lock-holder.ts"))};
    createSwitchLockHolder(${JSON.stringify(lock)}).hold();
    setInterval(() => undefined, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    stdio: "ignore",
  });
  await vi.waitFor(() => expect(isSwitchLocked(lock)).toBe(true), { timeout: 10_000 });
  child.kill("SIGKILL");
  await vi.waitFor(() => expect(tryLock()).toBe(0), { timeout: 5_000 });
});
