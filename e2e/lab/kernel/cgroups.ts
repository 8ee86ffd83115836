// SHELL. Every process of the lab lives in one cgroup tree: that is how they are found and ended, whoever started them.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { inLane } from "../lane.ts";
import { readMountInfo } from "./mount-info.ts";
import { waitUntil } from "../wait-until.ts";

const labName = inLane("chimera-lab");

/** Of the unified hierarchy, wherever a hybrid machine has it. */
export async function cgroupRoot(): Promise<string> {
  const mounts = await readMountInfo();
  const unified = mounts.filter((mount) => mount.type === "cgroup2").map((mount) => mount.target);
  const root = unified.find((target) => target.startsWith("/sys/fs/cgroup"));
  if (root === undefined) {
    throw new ChimeraError(
      "tool-missing",
      "no cgroup v2 hierarchy is mounted under /sys/fs/cgroup: run `mount -t cgroup2 none /sys/fs/cgroup`",
    );
  }
  return root;
}

export async function labCgroup(): Promise<string> {
  return join(await cgroupRoot(), labName);
}

export async function makeHostCgroup(host: string): Promise<string> {
  const path = join(await labCgroup(), host);
  await mkdir(path, { recursive: true });
  return path;
}

export async function isPopulated(cgroup: string): Promise<boolean> {
  const events = await readFile(join(cgroup, "cgroup.events"), "utf8").catch(() => "");
  return events.includes("populated 1");
}

/** Ends every process in the tree at once, so that none can start another meanwhile. */
export async function killCgroup(cgroup: string): Promise<void> {
  if (!existsSync(cgroup)) return;
  await writeFile(join(cgroup, "cgroup.kill"), "1");
  await waitUntil(`processes in ${cgroup} ended`, async () => !(await isPopulated(cgroup)), {
    timeoutMs: 30_000,
  });
}

/** nspawn makes the same names in systemd's own v1 hierarchy of a hybrid machine: all of them go. */
export async function removeLabCgroups(): Promise<void> {
  const mounts = await readMountInfo();
  for (const { type, target } of mounts) {
    if (type !== "cgroup" && type !== "cgroup2") continue;
    if (target.startsWith("/sys/fs/cgroup")) await removeTree(join(target, labName));
  }
}

/** A host's own tree, before it boots again: a new systemd shall not find the old one's groups. */
export async function removeHostCgroup(host: string): Promise<void> {
  await removeTree(join(await labCgroup(), host));
}

async function removeTree(root: string): Promise<void> {
  const folders = await foldersOf(root);
  for (const folder of folders.toReversed()) {
    await waitUntil(`${folder} removed`, () => removeEmpty(folder), { timeoutMs: 10_000 });
  }
}

/** The kernel answers EBUSY for a moment after the last process of a group has gone. */
async function removeEmpty(folder: string): Promise<boolean> {
  await rmdir(folder).catch(() => undefined);
  return !existsSync(folder);
}

/** Parents before children. */
async function foldersOf(root: string): Promise<string[]> {
  if (!existsSync(root)) return [];
  const found = [root];
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) found.push(...(await foldersOf(join(root, entry.name))));
  }
  return found;
}
