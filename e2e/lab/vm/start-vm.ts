// SHELL. Switches a VM on: the runner is detached and logs to the host's folder.
import { join } from "node:path";
import { hostFolder } from "../lab-state.ts";
import type { HostRecord } from "../lab-state.ts";
import { startDetached } from "../host/start-runner.ts";
import { doorMaster } from "./door.ts";
import { qemuArgv } from "./qemu-argv.ts";
import type { VmSpec } from "./vm-spec.ts";
import { freePort } from "../free-port.ts";

const script = join(import.meta.dirname, "vm-runner.sh");
const tapScript = join(import.meta.dirname, "vm-tap.sh");

export async function startVm(host: HostRecord, vm: VmSpec): Promise<void> {
  const folder = hostFolder(host.name);
  const doorPort = await freePort();
  const qemu = qemuArgv({ name: host.name, address: host.address, vm, folder, tapScript, doorPort });
  await startDetached(host.name, (start) => [
    script,
    ...start,
    ...doorMaster(host.name, doorPort),
    "--",
    ...qemu,
  ]);
}
