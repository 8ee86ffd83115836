// SHELL. Switches one host on: the runner is detached and logs to the host's folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { isPopulated, makeHostCgroup, removeHostCgroup } from "../kernel/cgroups.ts";
import { keptLayers } from "./kept-layers.ts";
import { hostFolder, permitFile } from "../lab-state.ts";
import type { HostRecord } from "../lab-state.ts";
import { bridgeName } from "../kernel/network.ts";
import { machinePrefix } from "../run-leftovers.ts";
import { waitUntil } from "../wait-until.ts";

const script = join(import.meta.dirname, "host-runner.sh");

export async function startRunner(host: HostRecord): Promise<void> {
  const folder = hostFolder(host.name);
  for (const name of ["upper", "work", "merged"]) await mkdir(join(folder, name), { recursive: true });
  const nspawn = [
    `--machine=${machinePrefix}${host.name}`,
    `--hostname=${host.name}`,
    `--network-bridge=${bridgeName}`,
    ...host.binds.map(({ from, to }) => `--bind-ro=${from}:${to}`),
  ];
  const unshare = ["unshare", "--mount", "--propagation", "slave", "--"];
  const lowers = [...keptLayers(host.name), ...host.lowers].join(":");
  await startDetached(host.name, (start) => [...unshare, script, ...start, lowers, ...nspawn]);
}

/** `argvOf` gets what every runner's arguments begin with: cgroup, permit file and folder of the host. */
export async function startDetached(
  name: string,
  argvOf: (start: readonly string[]) => readonly string[],
): Promise<void> {
  const cgroup = await makeHostCgroup(name);
  if (await isPopulated(cgroup)) throw new ChimeraError("write-conflict", `${name} is already switched on`);
  await removeHostCgroup(name);
  await makeHostCgroup(name);
  const log = await open(consoleLog(name), "a");
  const [file = "", ...args] = argvOf([cgroup, permitFile(), hostFolder(name)]);
  const child = spawn(file, args, {
    detached: true,
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8", LAB_BRIDGE: bridgeName },
    stdio: ["ignore", log.fd, log.fd],
  });
  const ended = once(child, "exit").then(() => true as const);
  child.unref();
  await log.close();
  let isEnded = false;
  void ended.then(() => (isEnded = true));
  await waitUntil(`${name} switched on`, async () => isEnded || (await isPopulated(cgroup)), {
    timeoutMs: 10_000,
    everyMs: 10,
  });
}

export function consoleLog(host: string): string {
  return join(hostFolder(host), "console.log");
}
