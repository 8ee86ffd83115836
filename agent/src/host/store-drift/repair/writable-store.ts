/** SHELL. Makes a store that is mounted read-only writable for this process alone, as Nix does for itself. */
import { readlinkSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import { readMounts } from "../../drift/mounts/read-mounts.ts";
import { runOk } from "../../run.ts";

/** Throws usage where the machine itself would see it: whoever wants that has a namespace of mounts of its own. */
export async function makeStoreWritable(storeDir: string): Promise<void> {
  const mount = readMounts().findLast(({ target }) => target === storeDir);
  if (mount === undefined || !mount.options.includes("ro")) return;
  if (readlinkSync("/proc/self/ns/mnt") === readlinkSync("/proc/1/ns/mnt"))
    throw new ChimeraError(
      "usage",
      "a repair needs a namespace of mounts of its own: the agent starts it so",
    );
  await runOk("mount", ["-o", "remount,bind,rw", storeDir], { timeoutMs: 30_000 });
}
