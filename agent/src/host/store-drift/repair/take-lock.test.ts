/** The locks of switches and of garbage collections, taken by the real flock(1) in both orders. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isFlocked } from "../../activation/switch-lock.ts";
import { busyCode, holderOf, underLocks } from "./nix-locks.ts";
import { takeLock } from "./take-lock.ts";

let folder: string;
let switchLock: string;
let gcLock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-locks-"));
  switchLock = join(folder, "switch.lock");
  gcLock = join(folder, "gc.lock");
  writeFileSync(gcLock, "");
});
afterEach(() => rmSync(folder, { recursive: true }));

const tryFlock = (...args: string[]) => spawnSync("flock", ["--nonblock", ...args, "true"]).status;
const hold = (...args: string[]) => {
  const holder = spawn("flock", [...args, "cat"], { stdio: ["pipe", "ignore", "ignore"] });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  holder.once("exit", () => resolve());
  return {
    async release() {
      holder.stdin.end();
      await ended;
    },
  };
};
const begin = (marker: string) => {
  const argv = [...underLocks({ switchLock, gcLock }), "sh", "-c", `touch ${marker}; cat`];
  const child = spawn(argv[0] ?? "", argv.slice(1), { stdio: ["pipe", "ignore", "ignore"] });
  const { promise: code, resolve } = Promise.withResolvers<number | null>();
  child.once("exit", resolve);
  return { child, code };
};

test("a switch that runs keeps a repair from beginning", async () => {
  const held = hold(switchLock);
  await vi.waitFor(() => expect(isFlocked(switchLock)).toBe(true));
  const marker = join(folder, "begun");
  expect(await begin(marker).code).toBe(busyCode);
  expect(existsSync(marker)).toBe(false);
  expect(await takeLock(switchLock, "exclusive")).toBeNull();
  await held.release();
  const lock = await takeLock(switchLock, "exclusive");
  expect(lock).not.toBeNull();
  await lock?.release();
});

test("a repair that runs keeps a switch from beginning, and gives the lock back", async () => {
  const marker = join(folder, "begun");
  const { child, code } = begin(marker);
  await vi.waitFor(() => expect(existsSync(marker)).toBe(true), { timeout: 5_000 });
  expect(tryFlock(switchLock)).toBe(1);
  child.stdin.end();
  expect(await code).toBe(0);
  expect(tryFlock(switchLock)).toBe(0);
});

test("a garbage collection keeps a repair from beginning, a repair keeps a collection from it, and readers disturb nobody", async () => {
  const collection = hold("--exclusive", gcLock);
  await vi.waitFor(() => expect(isFlocked(gcLock, "exclusive")).toBe(true));
  expect(holderOf("/nix/store/none", gcLock)).toBe("a garbage collection runs");
  const marker = join(folder, "begun");
  expect(await begin(marker).code).toBe(busyCode);
  expect(existsSync(marker)).toBe(false);
  await collection.release();
  const reader = hold("--shared", gcLock);
  await vi.waitFor(() => expect(isFlocked(gcLock)).toBe(true));
  expect(holderOf("/nix/store/none", gcLock)).toBeNull();
  const { child, code } = begin(marker);
  await vi.waitFor(() => expect(existsSync(marker)).toBe(true), { timeout: 5_000 });
  expect(tryFlock("--exclusive", gcLock)).toBe(1);
  expect(tryFlock("--shared", gcLock)).toBe(0);
  child.stdin.end();
  expect(await code).toBe(0);
  await reader.release();
  expect(tryFlock("--exclusive", gcLock)).toBe(0);
});

test("whoever works on the path itself is waited for", async () => {
  const path = join(folder, "path");
  expect(holderOf(path, gcLock)).toBeNull();
  const build = hold(`${path}.lock`);
  await vi.waitFor(() => expect(holderOf(path, gcLock)).toBe("Nix works on this path"));
  await build.release();
  expect(holderOf(path, gcLock)).toBeNull();
});

test("a store in which nobody ever collected has no such lock, and none is made", async () => {
  rmSync(gcLock);
  const marker = join(folder, "begun");
  const { child, code } = begin(marker);
  child.stdin.end();
  expect(await code).toBe(0);
  expect(existsSync(gcLock)).toBe(false);
});
