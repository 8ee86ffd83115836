// SHELL. What a node is, kept aside on this machine while the node is off, and given back to it.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "../../lab/host.ts";
import { hostFolder } from "../../lab/lab-state.ts";
import { runTool } from "../../lab/run-tool.ts";
import type { Machine } from "./systems.ts";

/** In the host's folder: the upper layer of a container, disks and firmware variables of a VM. */
const parts = {
  container: ["upper"],
  vm: ["root.img", "esp.img", "firmware-variables.fd"],
} as const satisfies Record<Machine, readonly string[]>;

/** Answers how the node is given back what it was. */
export async function keepNode(host: Host, machine: Machine): Promise<() => Promise<void>> {
  await host.shutdown();
  for (const part of parts[machine]) await copyPart(host, part, `${part}.prepared`);
  await host.boot();
  return async () => {
    if (await host.isOn()) await host.powerCut();
    for (const part of parts[machine]) await copyPart(host, `${part}.prepared`, part);
    await rm(join(hostFolder(host.name), "work"), { recursive: true, force: true });
    await host.boot();
  };
}

/** What overlayfs keeps in extended attributes comes along. */
async function copyPart(host: Host, from: string, to: string): Promise<void> {
  const folder = hostFolder(host.name);
  await rm(join(folder, to), { recursive: true, force: true });
  await runTool(["cp", "-a", "--sparse=always", "--reflink=auto", join(folder, from), join(folder, to)]);
}
