// SHELL. What the lab cannot give itself: each gap is one sentence that says how to close it.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { cgroupRoot } from "../kernel/cgroups.ts";
import { runTool } from "../tools/run-tool.ts";

export type OsRelease = { readonly id: string; readonly codename: string };

export type Machine = {
  readonly platform: string;
  readonly uid: number | undefined;
  readonly os: OsRelease;
  readonly hasApt: boolean;
};

export async function checkPreconditions(): Promise<OsRelease> {
  const os = await readOsRelease();
  const uid = process.getuid?.();
  const gap = unmetPrecondition({
    platform: process.platform,
    uid,
    os,
    hasApt: existsSync("/usr/bin/apt-get"),
  });
  if (gap !== undefined) throw missing(gap);
  await checkKernel();
  return os;
}

export function unmetPrecondition({ platform, uid, os, hasApt }: Machine): string | undefined {
  const get = "run it on a Debian 12 or 13 machine or virtual machine";
  if (platform !== "linux") return `the lab needs Linux (this is ${platform}): ${get}`;
  if (os.id !== "debian") return `the lab needs Debian (this is ${os.id === "" ? "unknown" : os.id}): ${get}`;
  if (!hasApt) return `the lab needs apt-get, which this Debian lacks: ${get}`;
  if (os.codename === "")
    return `the lab needs a released Debian (/etc/os-release has no VERSION_CODENAME): ${get}`;
  if (uid !== 0) return "the lab needs root for mounts and containers: run the same command with sudo";
  return undefined;
}

export async function readOsRelease(path = "/etc/os-release"): Promise<OsRelease> {
  const text = existsSync(path) ? await readFile(path, "utf8") : "";
  const field = (name: string): string =>
    new RegExp(`^${name}="?([A-Za-z0-9._-]*)"?$`, "m").exec(text)?.[1] ?? "";
  return { id: field("ID"), codename: field("VERSION_CODENAME") };
}

async function checkKernel(): Promise<void> {
  await runTool(["unshare", "--mount", "true"]).catch(() => {
    throw missing(
      "the lab may not make mount namespaces here: run it on a machine of its own or in a privileged container",
    );
  });
  if (!(await readFile("/proc/filesystems", "utf8")).includes("\toverlay\n")) {
    await runTool(["modprobe", "overlay"]).catch(() => {
      throw missing("the kernel has no overlay file system: boot a kernel with CONFIG_OVERLAY_FS");
    });
  }
  if (!existsSync(`${await cgroupRoot()}/cgroup.controllers`)) {
    throw missing("no cgroup v2 hierarchy is mounted: run `mount -t cgroup2 none /sys/fs/cgroup`");
  }
}

function missing(sentence: string): ChimeraError {
  return new ChimeraError("tool-missing", sentence);
}
