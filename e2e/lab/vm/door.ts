// SHELL. How the lab enters a VM: by an ssh server of the lab's own, on a network card that no other machine sees.
import { join } from "node:path";
import type { HostFile } from "../host/host-files.ts";
import { hostFolder, labFolder } from "../lab-state.ts";
import type { SshKeys } from "../host/ssh-keys.ts";
import { doorInside } from "./qemu-argv.ts";

/** Neither the closure's units nor its /etc take part: a system that breaks its own ssh can still be looked at. */
export function doorFiles(name: string, keys: SshKeys): HostFile[] {
  const units = "/usr/lib/systemd/system";
  return [
    { path: "/usr/lib/lab/door_key", text: keys.hosts[name]?.privateKey ?? "", mode: 0o600 },
    { path: "/usr/lib/lab/door_keys", text: keys.operator.publicKey },
    { path: "/usr/lib/lab/door_config", text: sshdConfig },
    { path: `${units}/lab-door.service`, text: unit },
    { path: `${units}/basic.target.d/lab-door.conf`, text: "[Unit]\nWants=lab-door.service\n" },
  ];
}

const sshdConfig = `Port ${doorInside.port}
ListenAddress ${doorInside.address}
HostKey /usr/lib/lab/door_key
AuthorizedKeysFile /usr/lib/lab/door_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
MaxSessions 500
LogLevel ERROR
PidFile none
`;

const unit = `[Unit]
Description=The lab's own door
DefaultDependencies=no
After=local-fs.target
IgnoreOnIsolate=yes

[Service]
Type=notify
ExecStartPre=/usr/bin/mkdir -p /run/sshd
ExecStart=/usr/sbin/sshd -D -f /usr/lib/lab/door_config
Restart=always
RestartSec=100ms
`;

const common = [
  ["-F", "none", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"],
  ["-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null"],
  ["-o", "StrictHostKeyChecking=no", "-o", "IdentitiesOnly=yes"],
].flat();

/** Of the one connection that all share; the runner holds it. */
export function doorMaster(name: string, port: number): string[] {
  return [
    common,
    ["-i", join(labFolder(), "keys", "operator.ws"), "-p", `${port}`, "-M", "-N", "-S", doorSocket(name)],
    ["-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=12"],
    "root@127.0.0.1",
  ].flat();
}

export const doorClosed = "lab-door-closed";

/** Of one program's session in it. Without the connection it fails at once and says so. */
export function doorSession(name: string, options: readonly string[] = []): string[] {
  // A shell of its own: ssh puts `exec` before the command, and then stdout would be closed before the words are written,
  // which ends ssh, and the words with it.
  const closed = `ProxyCommand=sh -c "echo ${doorClosed} >&2"`;
  return [
    ...common,
    "-S",
    doorSocket(name),
    "-o",
    "ControlMaster=no",
    "-o",
    closed,
    ...options,
    "root@127.0.0.1",
  ];
}

function doorSocket(name: string): string {
  return join(hostFolder(name), "door.sock");
}
