import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { watchUnitEnd } from "./watch-unit.ts";

let cgroups: string;
const cgroup = () => join(cgroups, "chimera-watched.service");

beforeAll(async () => {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const root = mounts.find((line) => line.includes(" - cgroup2 "))?.split(" ")[4];
  if (root === undefined) throw new Error("no cgroup v2 hierarchy is mounted");
  cgroups = join(root, `chimera-watch-${process.pid}`);
  await mkdir(cgroup(), { recursive: true });
});
afterAll(async () => {
  await rmdir(cgroup());
  await rmdir(cgroups);
});

async function inCgroup() {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  await once(child, "spawn");
  await writeFile(join(cgroup(), "cgroup.procs"), `${child.pid ?? 0}`);
  return child;
}

test("the end of the last process of a unit is told, and nothing before it", async () => {
  const [first, last] = [await inCgroup(), await inCgroup()];
  const onEnd = vi.fn();
  const stop = watchUnitEnd("chimera-watched", onEnd, cgroups);
  expect(stop).not.toBeNull();
  first.kill();
  await once(first, "exit");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(onEnd).not.toHaveBeenCalled();
  last.kill();
  await vi.waitFor(() => expect(onEnd).toHaveBeenCalled(), { timeout: 5_000 });
  stop?.();
});

test("what has ended already, and what is not there, is not watched", async () => {
  const onEnd = vi.fn();
  await vi.waitFor(async () => {
    expect(await readFile(join(cgroup(), "cgroup.events"), "utf8")).toContain("populated 0");
  });
  expect(watchUnitEnd("chimera-watched", onEnd, cgroups)).toBeNull();
  expect(watchUnitEnd("chimera-absent", onEnd, cgroups)).toBeNull();
  expect(onEnd).not.toHaveBeenCalled();
});

test("whoever has stopped hears nothing more", async () => {
  const child = await inCgroup();
  const onEnd = vi.fn();
  watchUnitEnd("chimera-watched", onEnd, cgroups)?.();
  child.kill();
  await once(child, "exit");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(onEnd).not.toHaveBeenCalled();
});
