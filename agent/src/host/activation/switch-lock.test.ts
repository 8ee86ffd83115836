/** Real locks of real processes, of root and of others. As root. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { blockerOfSwitch, claimSwitchLock, holderOfSwitchLock, isSwitchLocked } from "./switch-lock.ts";

const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
let folder: string;
let lock: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-lock-"));
  lock = join(folder, "switch-to-configuration.lock");
  chmodSync(folder, 0o755);
  writeFileSync(lock, "", { mode: 0o644 });
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    child.stdin?.end();
    child.kill("SIGKILL");
  }
  // What a killed shell left in the background holds the lock still.
  await vi.waitUntil(() => blockerOfSwitch(lock) === null);
  rmSync(folder, { recursive: true });
});

/** Says "held" when it holds the lock. */
async function hold(argv: readonly string[]): Promise<ChildProcess> {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "ignore"] });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

const held = (kind: string) => ["flock", kind, "--no-fork", lock, "sh", "-c", "echo held; read line"];

test("root's own lock is a switch, and is named", async () => {
  expect(isSwitchLocked(lock)).toBe(false);
  const { pid } = await hold(held("--exclusive"));
  expect(isSwitchLocked(lock)).toBe(true);
  expect(holderOfSwitchLock(lock)).toBe(`process ${pid} (sh) holds the switch's lock`);
  expect(blockerOfSwitch(lock)).toBe(holderOfSwitchLock(lock));
});

test.each(["--shared", "--exclusive"])(
  "another user's %s lock is no switch, but keeps ours waiting, and says so",
  async (kind) => {
    await hold([...nobody, ...held(kind)]);
    expect(isSwitchLocked(lock)).toBe(false);
    expect(blockerOfSwitch(lock)).toMatch(/^process \d+ \(sh\) holds the switch's lock, which is no switch/u);
  },
);

test("a lock that root shares is no switch", async () => {
  await hold(held("--shared"));
  expect(isSwitchLocked(lock)).toBe(false);
});

/** flock(1) takes it on a descriptor of the shell and ends. */
const leftBehind = 'exec 9<"$0"; flock -x 9; echo held; read line';

test("of a lock whose taker has ended it counts whose descriptor it is", async () => {
  await hold([...nobody, "sh", "-c", leftBehind, lock]);
  expect(isSwitchLocked(lock)).toBe(false);
  expect(blockerOfSwitch(lock)).not.toBeNull();
});

test("and root's counts", async () => {
  await hold(["sh", "-c", leftBehind, lock]);
  expect(isSwitchLocked(lock)).toBe(true);
});

test("a claimed lock can be opened by root alone, also where it was there", async () => {
  claimSwitchLock(lock);
  const fresh = join(folder, "run", "lock");
  claimSwitchLock(fresh);
  expect([lock, fresh].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
  expect(statSync(join(folder, "run")).mode & 0o777).toBe(0o755);
  const child = spawn("setpriv", [...nobody.slice(1), "flock", "--shared", lock, "true"]);
  expect((await once(child, "exit"))[0]).not.toBe(0);
});
