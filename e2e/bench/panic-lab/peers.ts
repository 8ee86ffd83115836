// SHELL. The peers of `panic-lab` and `sessions`: the same command on the same nodes, by parallel ssh and by Ansible, each at its best.
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { execa } from "execa";
import { cacheFolder } from "../../lab/prepare/cache-folder.ts";
import type { Host } from "../../lab/host/host.ts";
import { labFolder } from "../../lab/lab-state.ts";
import type { Report } from "../../lab/report.ts";

export interface Peer {
  name: string;
  settings: string;
  /** The same on every node, all at once. */
  runAll: (command: string) => Promise<void>;
  /** On every node the system of that node. */
  switchAll: (toplevels: ReadonlyMap<string, string>) => Promise<void>;
  close: () => Promise<void>;
}

const tries = 3;
const ansibleCore = "2.18.6";

/** What somebody types who has nothing but nix: the same two steps as ours. */
function switchCommand(toplevel: string): string {
  return `nix-env --profile /nix/var/nix/profiles/system --set ${toplevel} && ${toplevel}/bin/switch-to-configuration switch`;
}

/** One master connection a node, opened before the clock runs. */
export async function sshPeer(hosts: readonly Host[]): Promise<Peer> {
  const { folder, options } = await sshFolder("ssh");
  const ssh = (host: Host, command: string) =>
    again(() => execa("ssh", [...options, `root@${host.address}`, command], { reject: false }));
  await Promise.all(hosts.map((host) => ssh(host, "true")));
  return {
    name: "ssh",
    settings: "one ssh a node at once, ControlPersist with masters already open",
    runAll: async (command) => void (await Promise.all(hosts.map((host) => ssh(host, command)))),
    switchAll: async (toplevels) => {
      await Promise.all(hosts.map((host) => ssh(host, switchCommand(toplevels.get(host.name) ?? ""))));
    },
    close: () => closeMasters(hosts, { folder, options }),
  };
}

export async function ansiblePeer(hosts: readonly Host[], report: Report): Promise<Peer> {
  const ansible = await ensureAnsible(report);
  const { folder, options } = await sshFolder("ansible");
  const inventory = join(folder, "inventory");
  const run = async (toplevels: ReadonlyMap<string, string>, command: string): Promise<void> => {
    const lines = hosts.map(
      ({ name, address }) => `${name} ansible_host=${address} toplevel=${toplevels.get(name) ?? ""}`,
    );
    await writeFile(inventory, `${lines.join("\n")}\n`);
    const env = {
      ANSIBLE_FORKS: String(hosts.length),
      ANSIBLE_PIPELINING: "True",
      ANSIBLE_SSH_ARGS: options.join(" "),
      ANSIBLE_REMOTE_USER: "root",
      ANSIBLE_GATHERING: "explicit",
      ANSIBLE_LOCAL_TEMP: folder,
    };
    // The nodes have no Python: `raw` needs none, and is the fastest that Ansible has.
    const args = ["all", "--inventory", inventory, "--module-name", "raw", "--args", command];
    await again(() => execa(ansible, args, { env, reject: false }));
  };
  await run(new Map(), "true");
  return {
    name: "ansible",
    settings: `ansible-core ${ansibleCore}, forks ${hosts.length}, pipelining, ControlPersist with masters already open, module raw, no facts`,
    runAll: (command) => run(new Map(), command),
    switchAll: (toplevels) => run(toplevels, switchCommand("{{ toplevel }}")),
    close: () => closeMasters(hosts, { folder, options }),
  };
}

async function closeMasters(
  hosts: readonly Host[],
  { folder, options }: { folder: string; options: readonly string[] },
): Promise<void> {
  for (const { address } of hosts) {
    await execa("ssh", [...options, "-O", "exit", `root@${address}`], { reject: false });
  }
  await rm(folder, { recursive: true, force: true });
}

interface Ended {
  exitCode?: number | undefined;
  stdout: string;
  stderr: string;
}

/** As whoever types it would: a switch may still hold its lock when the next one comes. Throws what the last try said. */
async function again(command: () => PromiseLike<Ended>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { exitCode, stdout, stderr } = await command();
    if (exitCode === 0) return;
    if (attempt < tries) continue;
    throw new ChimeraError("tool-failed", `exit ${exitCode ?? "none"}: ${stdout} ${stderr}`.slice(0, 2000));
  }
}

async function sshFolder(name: string): Promise<{ folder: string; options: string[] }> {
  const folder = join(labFolder(), `peer-${name}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const options = {
    IdentityFile: join(labFolder(), "keys", "operator.ws"),
    ControlMaster: "auto",
    ControlPersist: "600",
    ControlPath: join(folder, "%C"),
    StrictHostKeyChecking: "no",
    UserKnownHostsFile: "/dev/null",
    LogLevel: "ERROR",
    BatchMode: "yes",
  };
  return {
    folder,
    options: ["-F", "none", ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`])],
  };
}

/** By pip, in a folder of its own beside the lab's other downloads. */
async function ensureAnsible(report: Report): Promise<string> {
  const venv = join(cacheFolder(), `ansible-core-${ansibleCore}`);
  const program = join(venv, "bin", "ansible");
  if (existsSync(program)) return program;
  report(`installing ansible-core ${ansibleCore}`);
  await execa("python3", ["-m", "venv", venv]);
  await execa(join(venv, "bin", "pip"), ["install", "--quiet", `ansible-core==${ansibleCore}`]);
  return program;
}
