// SHELL. What a node is, kept aside on this machine while the node is off, and given back to it.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "../../lab/host/host.ts";
import { keepLayer, renewUpper } from "../../lab/host/kept-layers.ts";
import { hostFolder } from "../../lab/lab-state.ts";
import { runTool } from "../../lab/tools/run-tool.ts";
import type { Machine } from "./systems.ts";
import { stateFolderInUpper } from "./watch-journal.ts";

/** Answers how the node is given back what it was. */
export async function keepNode(host: Host, machine: Machine): Promise<() => Promise<void>> {
  const { keep, restore } = means[machine];
  await host.shutdown();
  await keep(host);
  await host.boot();
  return async () => {
    if (await host.isOn()) await host.powerCut();
    await restore(host);
    await host.boot();
  };
}

type Means = Record<"keep" | "restore", (host: Host) => Promise<void>>;

const means: Record<Machine, Means> = {
  container: {
    keep: ({ name }) => keepLayer(name, stateFolderInUpper),
    restore: ({ name }) => renewUpper(name, stateFolderInUpper),
  },
  vm: {
    keep: (host) => copyDisks(host, (disk) => [disk, `${disk}.prepared`]),
    restore: (host) => copyDisks(host, (disk) => [`${disk}.prepared`, disk]),
  },
};

async function copyDisks(host: Host, way: (disk: string) => [from: string, to: string]): Promise<void> {
  const folder = hostFolder(host.name);
  for (const disk of ["root.img", "esp.img", "firmware-variables.fd"]) {
    const [from, to] = way(disk);
    await rm(join(folder, to), { force: true });
    await runTool(["cp", "-a", "--sparse=always", "--reflink=auto", join(folder, from), join(folder, to)]);
  }
}
