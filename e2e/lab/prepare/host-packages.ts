// SHELL. Debian packages that the machine itself needs: installed once, without starting anything, and written down.
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { cacheFolder } from "./cache-folder.ts";
import type { Report } from "../report.ts";
import { runTool } from "../tools/run-tool.ts";
import { writeAtomic } from "../write-atomic.ts";

/** Package → a file that proves it is there. */
const needed = {
  mmdebstrap: "/usr/bin/mmdebstrap",
  "systemd-container": "/usr/bin/systemd-nspawn",
  iproute2: "/sbin/ip",
  "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
  // What tests call by name.
  git: "/usr/bin/git",
  procps: "/usr/bin/pgrep",
  e2fsprogs: "/usr/bin/chattr",
  attr: "/usr/bin/getfattr",
} as const;

const policyFile = "/usr/sbin/policy-rc.d";
const policyText = "#!/bin/sh\n# chimera-lab: packages being installed start no service\nexit 101\n";

const Installed = z.strictObject({ v: z.literal(1), packages: z.array(z.string().max(200)).max(2000) });
type Installed = z.infer<typeof Installed>;

export function installHostPackages(report: Report): Promise<void> {
  return installMissing(needed, report);
}

/** For one measurement's peer: remembered and listed like the lab's own. `proof` is a file that the package has. */
export function installDebianPackage(name: string, proof: string, report: Report): Promise<void> {
  return installMissing({ [name]: proof }, report);
}

export async function installMissing(
  wanted: Readonly<Record<string, string>>,
  report: Report,
): Promise<void> {
  await removeOwnPolicy();
  const missing = Object.entries(wanted).flatMap(([name, proof]) => (existsSync(proof) ? [] : [name]));
  if (missing.length === 0) return;
  report("reading the package lists of this machine (apt-get update)");
  await runTool(["apt-get", "update", "-qq"]);
  report(`installing Debian packages on this machine: ${missing.join(" ")}`);
  const before = await installedPackages();
  await writeOwnPolicy();
  const apt = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0"];
  try {
    await runTool([...apt, ...missing], { env: { DEBIAN_FRONTEND: "noninteractive" } });
  } finally {
    await removeOwnPolicy();
  }
  const after = await installedPackages();
  await remember([...after].filter((line) => !before.has(line)));
}

/** Every package and version that the lab ever installed or upgraded on this machine. */
export async function packagesInstalledByLab(): Promise<string[]> {
  return (await readRecord()).packages;
}

async function remember(added: readonly string[]): Promise<void> {
  const record = await readRecord();
  const packages = [...new Set([...record.packages, ...added])].toSorted();
  await mkdir(cacheFolder(), { recursive: true });
  await writeAtomic(recordFile(), JSON.stringify({ v: 1, packages } satisfies Installed));
}

async function readRecord(): Promise<Installed> {
  if (!existsSync(recordFile())) return { v: 1, packages: [] };
  return Installed.parse(JSON.parse(await readFile(recordFile(), "utf8")));
}

function recordFile(): string {
  return join(cacheFolder(), "host-packages.json");
}

async function installedPackages(): Promise<Set<string>> {
  const text = await runTool(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${Package} ${Version}\n"]);
  return new Set(
    text.split("\n").flatMap((line) => (line.startsWith("ii") ? [line.split("|")[1] ?? ""] : [])),
  );
}

/** Debian asks this file before any package may start a service. One that is not ours is left as it is. */
async function writeOwnPolicy(): Promise<void> {
  if (existsSync(policyFile)) return;
  await writeFile(policyFile, policyText);
  await chmod(policyFile, 0o755);
}

async function removeOwnPolicy(): Promise<void> {
  if (existsSync(policyFile) && (await readFile(policyFile, "utf8")) === policyText) await rm(policyFile);
}
