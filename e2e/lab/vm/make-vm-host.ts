// SHELL. One VM as scenarios see it: like a container, but with a firmware, a boot loader and a kernel of its own.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { isPopulated, killCgroup, labCgroup } from "../kernel/cgroups.ts";
import { checked, shutdown, upload } from "../host/host.ts";
import type { Host } from "../host/host.ts";
import { hostEnv } from "../host/host-run.ts";
import { hostFolder } from "../lab-state.ts";
import type { HostRecord } from "../lab-state.ts";
import { consoleLog } from "../host/start-runner.ts";
import { waitRunning } from "../host/wait-running.ts";
import { doorSession } from "./door.ts";
import { runInVm } from "./run-in-vm.ts";
import { startVm } from "./start-vm.ts";
import type { VmSpec } from "./vm-spec.ts";

/** Under TCG, with others that boot on the same two cores. */
const bootMs = 400_000;

export function makeVmHost(record: HostRecord, vm: VmSpec): Host {
  const { name, kind, address } = record;
  const isOn = async (): Promise<boolean> => isPopulated(join(await labCgroup(), name));
  const isShut = async (): Promise<ChimeraError | undefined> =>
    (await isOn()) ? undefined : switchedOff(name);
  const run: Host["run"] = (argv, options) => runInVm({ name, isShut }, argv, options);
  const host: Host = {
    name,
    kind,
    address,
    isOn,
    leaderPid: () => qemuPid(name),
    enterArgv: (argv) => Promise.resolve(["ssh", ...doorSession(name, ["-t"]), ...loginShell(argv)]),
    run,
    runChecked: async (argv, options) => checked(name, argv, await run(argv, options)),
    upload: (local, remotePath) => upload(host, local, remotePath),
    // All of it at once, QEMU and who holds the connection.
    powerCut: async () => {
      if (!(await isOn())) throw switchedOff(name);
      await killCgroup(join(await labCgroup(), name));
    },
    shutdown: () => shutdown(host),
    boot: async () => {
      await startVm(record, vm);
      await waitRunning(host, bootMs);
    },
    waitRunning: () => waitRunning(host, bootMs),
    consoleLog: () => consoleLog(name),
  };
  return host;
}

function switchedOff(name: string): ChimeraError {
  return new ChimeraError("server-unreachable", `${name} is switched off: npm run lab -- boot ${name}`);
}

/** Another one after each boot, as a container's PID 1. */
async function qemuPid(name: string): Promise<number> {
  const text = await readFile(join(hostFolder(name), "qemu.pid"), "utf8").catch(() => "");
  const pid = Number(text.trim());
  if (pid > 0) return pid;
  throw switchedOff(name);
}

function loginShell(argv: readonly string[]): string[] {
  const { PATH = "" } = hostEnv();
  const words = argv.length > 0 ? argv : ["/bin/bash", "-l"];
  return ["env", `PATH=${PATH}`, ...words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`)];
}
