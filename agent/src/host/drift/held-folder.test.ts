/** A folder that is held open for the entries of one turn, and is moved away meanwhile. */
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkNext, type Checked } from "./check-entry.ts";
import { walkDirectories, type DirectoryWalk } from "./etc-directory.ts";
import { useEtcFixture } from "./etc-fixture.ts";

const { fixture, at } = useEtcFixture();

test("a folder that is swapped within a turn is judged by what it was, and by what it is in the next", async () => {
  const away = join(fixture().root, "away");
  const before = readdirSync("/proc/self/fd").length;
  {
    using walk = walkDirectories(fixture().etc);
    expect((await check(walk, "ssh/authorized_keys.d/root")).kind).toBe("clean");
    renameSync(at("ssh/authorized_keys.d"), away);
    mkdirSync(at("ssh/authorized_keys.d"));
    writeFileSync(at("ssh/authorized_keys.d/root"), "evil\n");
    expect((await check(walk, "ssh/authorized_keys.d/root")).kind).toBe("clean");
    // Another folder in between is enough to look afresh.
    expect((await check(walk, "sudoers")).kind).toBe("clean");
    expect((await check(walk, "ssh/authorized_keys.d/root")).kind).toBe("drifted");
  }
  renameSync(at("ssh/authorized_keys.d"), join(fixture().root, "evil"));
  symlinkSync(away, at("ssh/authorized_keys.d"));
  using walk = walkDirectories(fixture().etc);
  expect((await check(walk, "ssh/authorized_keys.d/root")).kind).toBe("covered");
  expect(readdirSync("/proc/self/fd")).toHaveLength(before);
});

test("what is held is closed when the turn ends, also by an exception", async () => {
  const before = readdirSync("/proc/self/fd").length;
  for (let i = 0; i < 20; i += 1) {
    await expect(turnThatThrows()).rejects.toThrow("a bug");
  }
  expect(readdirSync("/proc/self/fd")).toHaveLength(before);
});

async function turnThatThrows(): Promise<never> {
  using walk = walkDirectories(fixture().etc);
  await check(walk, "cron/jobs/nightly");
  throw new Error("a bug");
}

async function check(walk: DirectoryWalk, path: string): Promise<Checked> {
  const entry = (await fixture().expected()).entries.get(path);
  if (entry === undefined) throw new Error(`the fixture lacks ${path}`);
  return checkNext({ etcDir: fixture().etc, walk, stamps: null }, entry);
}
