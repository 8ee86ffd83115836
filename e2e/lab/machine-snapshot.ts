// SHELL. What a lab could leave on this machine, for comparison before and after.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { claimLink, isClaimed, labFolder } from "./lab-state.ts";
import { inLane } from "./lane.ts";
import { readMountInfo } from "./kernel/mount-info.ts";
import { readProc } from "./kernel/process-identity.ts";
import { machinePrefix } from "./run-leftovers.ts";
import { runTool } from "./tools/run-tool.ts";

export type MachineSnapshot = {
  readonly processes: string[];
  readonly mounts: string[];
  readonly addresses: string[];
  readonly sysctls: string[];
  readonly cgroups: string[];
  readonly runFiles: string[];
  readonly labFiles: string[];
};

export async function machineSnapshot(): Promise<MachineSnapshot> {
  const mounts = (await readMountInfo()).map((mount) => `${mount.target} ${mount.type}`);
  const addresses = await runTool(["ip", "-brief", "addr"]);
  return {
    processes: await labProcesses(),
    mounts: mounts.toSorted(),
    addresses: addresses.split("\n").map((line) => line.trim().split(/\s+/).join(" ")),
    sysctls: await sysctls(),
    cgroups: await labCgroups(),
    runFiles: [...(isClaimed() ? [claimLink] : []), ...(await tree("/run/systemd"))],
    labFiles: await tree(labFolder()),
  };
}

/** By what they are made of, not by who started them: root file system, cgroup, command line. */
export async function labProcesses(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((pid) => {
    const command = (readProc(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
    // A zombie has ended; it waits for its parent, which is not ours to hurry.
    return command !== "" && isOfLab(pid, command) ? [`${pid} ${command}`] : [];
  });
}

function isOfLab(pid: string, command: string): boolean {
  if (command.includes(`--machine=${machinePrefix}`) || command.includes("mmdebstrap")) return true;
  if ((readProc(`/proc/${pid}/cgroup`) ?? "").includes(`/${inLane("chimera-lab")}/`)) return true;
  return (readProc(`/proc/${pid}/mountinfo`) ?? "").includes(`${labFolder()}/`);
}

async function sysctls(): Promise<string[]> {
  const folder = "/proc/sys/fs/inotify";
  const names = await readdir(folder);
  const values = names.map(async (name) => `${name} ${(await readFile(join(folder, name), "utf8")).trim()}`);
  return (await Promise.all(values)).toSorted();
}

async function labCgroups(): Promise<string[]> {
  const mounts = (await readMountInfo()).filter((mount) => mount.type.startsWith("cgroup"));
  const roots = mounts.map((mount) => join(mount.target, inLane("chimera-lab")));
  return [...new Set(roots)].filter((path) => existsSync(path));
}

async function tree(root: string): Promise<string[]> {
  if (!existsSync(root)) return [];
  return (await readdir(root, { recursive: true })).toSorted();
}
