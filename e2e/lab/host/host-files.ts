// SHELL. What makes a host this host and no other: written into its upper layer before its first boot.
import { randomBytes } from "node:crypto";
import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hostFolder } from "../lab-state.ts";
import type { HostRecord } from "../lab-state.ts";
import type { HostKeys, SshKeys } from "./ssh-keys.ts";

export type HostFile = { readonly path: string; readonly text: string; readonly mode?: number };

export type HostFilesInput = {
  readonly host: HostRecord;
  readonly all: readonly HostRecord[];
  readonly keys: SshKeys;
  /** System that the host boots; without one it is plain Debian until it is given one. */
  readonly toplevel: string | undefined;
  readonly extra: readonly HostFile[];
};

const labInit = join(import.meta.dirname, "../os/lab-init.sh");

export async function writeHostFiles(input: HostFilesInput): Promise<void> {
  const { host, all, keys } = input;
  const upper = join(hostFolder(host.name), "upper");
  const own = keys.hosts[host.name];
  if (own === undefined) throw new Error(`no ssh host key was made for ${host.name}`);
  const names = all.map((other) => `${other.address} ${other.name}`);
  const files: HostFile[] = [
    { path: "/etc/machine-id", text: `${randomBytes(16).toString("hex")}\n`, mode: 0o444 },
    { path: "/etc/hostname", text: `${host.name}\n` },
    { path: "/etc/hosts", text: ["127.0.0.1 localhost", "::1 localhost", ...names, ""].join("\n") },
    ...hostKeyFiles(own),
    { path: "/etc/ssh/ssh_known_hosts", text: knownHosts(all, keys) },
    ...(input.toplevel === undefined ? plainDebianFiles(host) : []),
    ...(host.kind === "ws" ? operatorKeyFiles(keys) : [authorizedKeys(keys)]),
    ...input.extra,
  ];
  await mkdir(join(upper, "root"), { recursive: true });
  await chmod(join(upper, "root"), 0o700);
  await mkdir(join(upper, "root/.ssh"), { recursive: true, mode: 0o700 });
  for (const file of files) await writeHostFile(upper, file);
  // In usr, because /sbin is a link there.
  await copyFile(labInit, join(await folderFor(upper, "/usr/sbin/lab-init"), "lab-init"));
  await chmod(join(upper, "usr/sbin/lab-init"), 0o755);
  if (input.toplevel === undefined) await enableNetwork(upper);
  else await setFirstSystem(upper, input.toplevel);
}

async function writeHostFile(upper: string, file: HostFile): Promise<void> {
  await folderFor(upper, file.path);
  const path = join(upper, file.path);
  await writeFile(path, file.text);
  await chmod(path, file.mode ?? 0o644);
}

async function folderFor(upper: string, path: string): Promise<string> {
  const folder = dirname(join(upper, path));
  await mkdir(folder, { recursive: true });
  return folder;
}

async function setFirstSystem(upper: string, toplevel: string): Promise<void> {
  const profiles = join(upper, "nix/var/nix/profiles");
  await mkdir(profiles, { recursive: true });
  await symlink(toplevel, join(profiles, "system-1-link"));
  await symlink("system-1-link", join(profiles, "system"));
  await writeHostFile(upper, { path: "/boot/default", text: `${toplevel}\n` });
}

function hostKeyFiles(key: HostKeys): HostFile[] {
  return [
    { path: "/etc/ssh/ssh_host_ed25519_key", text: key.privateKey, mode: 0o600 },
    { path: "/etc/ssh/ssh_host_ed25519_key.pub", text: key.publicKey },
  ];
}

function operatorKeyFiles(keys: SshKeys): HostFile[] {
  return [
    { path: "/root/.ssh/id_ed25519", text: keys.operator.privateKey, mode: 0o600 },
    { path: "/root/.ssh/id_ed25519.pub", text: keys.operator.publicKey },
  ];
}

function authorizedKeys(keys: SshKeys): HostFile {
  return { path: "/root/.ssh/authorized_keys", text: keys.operator.publicKey, mode: 0o600 };
}

function knownHosts(all: readonly HostRecord[], keys: SshKeys): string {
  return (
    all.map((h) => `${h.name},${h.address} ${keys.hosts[h.name]?.publicKey ?? ""}`.trimEnd()).join("\n") +
    "\n"
  );
}

/** A closure brings its own network and units. */
function plainDebianFiles(host: HostRecord): HostFile[] {
  const network = `[Match]
Name=host0

[Network]
Address=${host.address}/24
LinkLocalAddressing=no
IPv6AcceptRA=no
`;
  return [{ path: "/etc/systemd/network/20-lab.network", text: network }];
}

/** Debian leaves networkd disabled. With wait-online, a host that is `running` has its address. */
async function enableNetwork(upper: string): Promise<void> {
  const wants = "/etc/systemd/system/multi-user.target.wants";
  await mkdir(join(upper, wants), { recursive: true });
  for (const unit of ["systemd-networkd.service", "systemd-networkd-wait-online.service"]) {
    await symlink(`/usr/lib/systemd/system/${unit}`, join(upper, wants, unit));
  }
}
