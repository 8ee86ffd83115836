// SHELL. The disks of a VM before its first boot, from the same layers that are a container's root.
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { hostFolder } from "../lab-state.ts";
import type { HostRecord } from "../lab-state.ts";
import { runTool } from "../tools/run-tool.ts";
import { firmwareVariables } from "./qemu-argv.ts";
import type { VmSpec } from "./vm-spec.ts";

const script = join(import.meta.dirname, "make-disks.sh");

export async function makeDisks(host: HostRecord, vm: VmSpec, toplevel: string | undefined): Promise<void> {
  if (toplevel === undefined)
    throw new ChimeraError("input-invalid", `${host.name}: a VM needs a system with a boot loader to boot`);
  const folder = hostFolder(host.name);
  await copyFile(firmwareVariables, join(folder, "firmware-variables.fd"));
  const sizes = [`${vm.espMb}`, `${vm.rootMb}`];
  // With us, everything that it started and mounted goes.
  const guarded = "setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child".split(" ");
  await runTool([...guarded, script, folder, host.lowers.join(":"), toplevel, ...sizes]);
}
