// SHELL. The root filesystems that hosts start from, one for containers and one for VMs: made once, kept in the cache folder.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { cacheFolder } from "./cache-folder.ts";
import { aptProxyEnv, debianMirror } from "./debian-mirror.ts";
import type { OsRelease } from "./preconditions.ts";
import { readProc } from "../kernel/process-identity.ts";
import type { Report } from "../report.ts";
import { runTool } from "../tools/run-tool.ts";

/** Rises when the steps below change in a way that an older root filesystem does not show. */
const recipeVersion = 1;
const suite = "trixie";
const packages = [
  "systemd systemd-sysv dbus nix-bin tmux iproute2 ca-certificates openssh-server rsync procps pciutils git zstd",
  "curl e2fsprogs acl attr nftables erofs-utils libfaketime",
  // Only this one is of sid: trixie's is older than the security floor.
  "nats-server/sid",
].flatMap((line) => line.split(" "));

/** What only a machine with a kernel and a boot loader of its own needs. */
const vmPackages =
  "udev kmod linux-image-cloud-amd64 systemd-boot systemd-boot-tools systemd-boot-efi busybox-static".split(
    " ",
  );

const pins = `Package: *
Pin: release n=sid
Pin-Priority: -1

Package: nats-server
Pin: release n=sid
Pin-Priority: 990
`;

/** No default substituter and no default key: what a host trusts, it is told by its own system. */
const nixConf = `sandbox = false
build-users-group =
experimental-features = nix-command flakes
require-sigs = true
fsync-store-paths = true
substituters =
trusted-public-keys =
`;

export type RootfsKind = "container" | "vm";

function packagesOf(kind: RootfsKind): string[] {
  return kind === "vm" ? [...packages, ...vmPackages] : packages;
}

export function rootfsPath(kind: RootfsKind = "container"): string {
  const recipe = { recipeVersion, suite, packages: packagesOf(kind), nixConf, pins };
  const key = createHash("sha256").update(JSON.stringify(recipe));
  return join(cacheFolder(), `rootfs-${suite}-${key.digest("hex").slice(0, 12)}`);
}

export async function ensureRootfs(
  os: OsRelease,
  report: Report,
  kind: RootfsKind = "container",
): Promise<string> {
  const path = rootfsPath(kind);
  if (existsSync(path)) return path;
  await mkdir(cacheFolder(), { recursive: true });
  await removeUnfinished();
  report(`making the root filesystem of a ${kind} (Debian ${suite}, about a minute)`);
  const unfinished = `${path}.tmp-${process.pid}`;
  await debootstrap(unfinished, await debianMirror(os.codename), kind);
  await finish(unfinished);
  await checkVersions(unfinished);
  // Another process may have been quicker; its result is as good.
  await rename(unfinished, path).catch(async (cause: unknown) => {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(path)) throw cause;
  });
  report("root filesystem ready");
  return path;
}

async function debootstrap(target: string, mirror: string, kind: RootfsKind): Promise<void> {
  const excluded = ["doc", "man", "info", "locale", "bash-completion"].map((part) => `/usr/share/${part}/*`);
  const work = `${target}.work`;
  await mkdir(work, { recursive: true });
  const pinFile = join(work, "pins");
  await writeFile(pinFile, pins);
  // With its parent, everything it started and mounted goes: a killed run leaves files in the cache folder only.
  const guarded = "setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child".split(" ");
  const options = [
    "--quiet",
    "--mode=root",
    "--variant=minbase",
    `--include=${packagesOf(kind).join(",")}`,
    "--dpkgopt=force-unsafe-io",
    `--setup-hook=upload "${pinFile}" /etc/apt/preferences.d/lab`,
  ].concat(excluded.map((path) => `--dpkgopt=path-exclude=${path}`));
  const sources = [
    `deb ${mirror} ${suite} main`,
    // A mirror may be a snapshot older than the week that sid's index is valid for. Signatures are checked all the same.
    `deb [check-valid-until=no] ${mirror} sid main`,
  ];
  await runTool([...guarded, "mmdebstrap", ...options, suite, target, ...sources], {
    env: { ...(await aptProxyEnv()), TMPDIR: work, DEBIAN_FRONTEND: "noninteractive" },
  });
  await rm(work, { recursive: true });
}

/** What all hosts share; what is a host's own is written into its upper layer. */
async function finish(root: string): Promise<void> {
  const etc = join(root, "etc");
  const removed = [
    "machine-id",
    "hostname",
    "resolv.conf",
    "apt/sources.list",
    "apt/preferences.d/lab",
    "systemd/system/multi-user.target.wants/nats-server.service",
    "systemd/system/timers.target.wants",
  ];
  for (const name of removed) await rm(join(etc, name), { recursive: true, force: true });
  await rm(join(root, "var/lib/dbus/machine-id"), { force: true });
  for (const name of await readdir(join(etc, "ssh"))) {
    if (name.startsWith("ssh_host_")) await rm(join(etc, "ssh", name));
  }
  await mkdir(join(etc, "nix"), { recursive: true });
  await writeFile(join(etc, "nix/nix.conf"), nixConf);
  await writeFile(join(etc, "hosts"), "127.0.0.1 localhost\n");
  // Empty: no name server is asked, so an unknown name fails at once instead of after a timeout.
  await writeFile(join(etc, "resolv.conf"), "");
  await mkdir(join(root, "nix/store"), { recursive: true });
}

async function checkVersions(root: string): Promise<void> {
  const text = await runTool([join(root, natsServerInRootfs), "--version"]);
  const [, major = "0", minor = "0"] = /v(\d+)\.(\d+)\./.exec(text) ?? [];
  if (Number(major) < 2 || (Number(major) === 2 && Number(minor) < 15)) {
    throw new ChimeraError("tool-failed", `the mirror's nats-server is ${text.trim()}, below 2.15`);
  }
}

export const natsServerInRootfs = "usr/sbin/nats-server";

/** Leftovers of runs that were killed, unless the process that makes them is still at work. */
async function removeUnfinished(): Promise<void> {
  for (const name of await readdir(cacheFolder())) {
    const pid = /^rootfs-.*\.tmp-(\d+)(?:\.work)?$/.exec(name)?.[1];
    if (pid === undefined || (readProc(`/proc/${pid}/cmdline`) ?? "").includes("node")) continue;
    await rm(join(cacheFolder(), name), { recursive: true, force: true });
  }
}
