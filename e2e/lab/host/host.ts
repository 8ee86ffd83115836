// SHELL. One lab machine as scenarios see it: entered, cut off, booted again.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { ChimeraError } from "@chimera/proto/errors";
import { isPopulated, labCgroup } from "../kernel/cgroups.ts";
import { enterArgv, runInHost } from "./host-run.ts";
import type { HostRunOptions, HostRunResult } from "./host-run.ts";
import type { HostKind, HostRecord } from "../lab-state.ts";
import { readProc } from "../kernel/process-identity.ts";
import { consoleLog, startRunner } from "./start-runner.ts";
import { waitUntil } from "../wait-until.ts";
import { waitRunning } from "./wait-running.ts";

export type Host = {
  readonly name: string;
  readonly kind: HostKind;
  readonly address: string;
  isOn(): Promise<boolean>;
  /** Of its PID 1 as this machine numbers it, of a VM's QEMU; another one after each boot. */
  leaderPid(): Promise<number>;
  /** What to run on this machine to be inside with a terminal; without a program, in a shell. */
  enterArgv(argv: readonly string[]): Promise<string[]>;
  run(argv: readonly string[], options?: HostRunOptions): Promise<HostRunResult>;
  /** Like `run`; an exit code other than 0 is an error. Answers what was printed. */
  runChecked(argv: readonly string[], options?: HostRunOptions): Promise<string>;
  /** A file or a whole folder, under the name `remotePath`. */
  upload(local: string, remotePath: string): Promise<void>;
  /** SIGKILL to its PID 1 (a VM's: to QEMU, with what the guest has not synced). Resolves when the host is off. */
  powerCut(): Promise<void>;
  shutdown(): Promise<void>;
  /** Switches it on; resolves when systemd says `running`. */
  boot(): Promise<void>;
  waitRunning(): Promise<void>;
  consoleLog(): string;
};

export function makeHost(record: HostRecord): Host {
  const { name, kind, address } = record;
  const leaderPid = (): Promise<number> => requireLeader(name);
  const run = async (argv: readonly string[], options?: HostRunOptions): Promise<HostRunResult> =>
    runInHost(await leaderPid(), argv, options);
  const host: Host = {
    name,
    kind,
    address,
    isOn: () => isOn(name),
    leaderPid,
    enterArgv: async (argv) => enterArgv(await leaderPid(), argv.length > 0 ? argv : ["/bin/bash", "-l"]),
    run,
    runChecked: async (argv, options) => checked(name, argv, await run(argv, options)),
    upload: (local, remotePath) => upload(host, local, remotePath),
    powerCut: () => powerCut(name),
    shutdown: () => shutdown(host),
    boot: async () => {
      await startRunner(record);
      await waitRunning(host);
    },
    waitRunning: () => waitRunning(host),
    consoleLog: () => consoleLog(name),
  };
  return host;
}

async function isOn(name: string): Promise<boolean> {
  return isPopulated(join(await labCgroup(), name));
}

export async function findLeader(name: string): Promise<number | undefined> {
  return leaderIn(join(await labCgroup(), name));
}

/** The one process of the container's group that is number 1 in a pid namespace just below ours. */
export function leaderIn(hostCgroup: string): number | undefined {
  const payload = join(hostCgroup, "payload");
  for (const group of [join(payload, "init.scope"), payload]) {
    const pids = (readProc(join(group, "cgroup.procs")) ?? "").split("\n").filter(Boolean).map(Number);
    const leader = pids.find((pid) => /^NSpid:\t\d+\t1$/m.test(readProc(`/proc/${pid}/status`) ?? ""));
    if (leader !== undefined) return leader;
  }
  return undefined;
}

async function requireLeader(name: string): Promise<number> {
  const leader = await findLeader(name);
  if (leader !== undefined) return leader;
  throw new ChimeraError("server-unreachable", `${name} is switched off: npm run lab -- boot ${name}`);
}

export function checked(name: string, argv: readonly string[], result: HostRunResult): string {
  if (result.code === 0) return result.stdout;
  const said = `${result.stdout.slice(-1500)}${result.stderr.slice(-2500)}`.trim();
  throw new ChimeraError(
    "tool-failed",
    `${name}: ${argv.join(" ").slice(0, 300)}: exit ${result.code}: ${said}`,
  );
}

/** `install /dev/stdin` does not do: a program's input is a socket here, which cannot be opened by name. */
const receiveFile =
  'mkdir -p "${1%/*}/"; cat > "$1.uploading"; chmod "$2" "$1.uploading"; mv "$1.uploading" "$1"';

export async function upload(host: Host, local: string, remotePath: string): Promise<void> {
  const found = await stat(local);
  if (!found.isDirectory()) {
    const mode = (found.mode & 0o7777).toString(8);
    const argv = ["/bin/sh", "-euc", receiveFile, "sh", remotePath, mode];
    await host.runChecked(argv, { input: await readFile(local) });
    return;
  }
  await host.runChecked(["mkdir", "-p", remotePath]);
  const archive = await execa("tar", ["-C", local, "-cf", "-", "."], {
    encoding: "buffer",
    maxBuffer: 2 ** 30,
  });
  await host.runChecked(["tar", "-C", remotePath, "-xf", "-"], { input: archive.stdout });
}

async function powerCut(name: string): Promise<void> {
  process.kill(await requireLeader(name), "SIGKILL");
  await waitOff(name);
}

export async function shutdown(host: Host): Promise<void> {
  // The command may be ended together with the host before it can answer.
  await host.run(["systemctl", "poweroff"]);
  await waitOff(host.name);
}

async function waitOff(name: string): Promise<void> {
  await waitUntil(`${name} switched off`, async () => !(await isOn(name)), {
    timeoutMs: 120_000,
    everyMs: 20,
  });
}
