/** SHELL. Reads what pre-flight judges: both closures, the loader, the file systems. No process is started. */
import { existsSync, readFileSync, readdirSync, realpathSync, statfsSync, statSync } from "node:fs";
import { machine } from "node:os";
import { basename, dirname, join } from "node:path";
import type { StorePath } from "@chimera/proto/names";
import type { PreflightFacts } from "../../reconcile/preflight/preflight-facts.ts";
import { compareInhibitors } from "./inhibitors.ts";
import type { Loader } from "../loader/loader.ts";
import { isSwitchLocked, switchLockFile } from "../activation/switch-lock.ts";
import { compareDriver } from "./compare-driver.ts";
import { compareKernel } from "./compare-kernel.ts";

export interface PreflightSight {
  current: StorePath;
  booted: StorePath | null;
  wanted: StorePath;
}

export function readPreflight({ current, booted, wanted }: PreflightSight, loader: Loader): PreflightFacts {
  return {
    isSystem: existsSync(`${wanted}/nixos-version`) && existsSync(`${wanted}/bin/switch-to-configuration`),
    platform: { machine: `${machine()}-linux`, wanted: textOf(`${wanted}/system`) },
    storeFreeBytes: freeBytes("/nix/store"),
    boot: readBoot(wanted, "/boot"),
    isSwitchLocked: isSwitchLocked(switchLockFile),
    inhibitors: compareInhibitors(current, wanted),
    isInitChanged: initOf(current) !== initOf(wanted),
    kernel: booted === null ? null : compareKernel(booted, wanted),
    driver: compareDriver(wanted),
    loader: loader.protection(),
    hasAgent: existsSync(`${wanted}/sw/bin/chimera-agent`),
  };
}

/** Null where /boot is no file system of its own: then nothing of it can fill up by itself. */
export function readBoot(wanted: string, boot: string): PreflightFacts["boot"] {
  const own = statSync(boot, { throwIfNoEntry: false });
  if (own === undefined || own.dev === statSync(dirname(boot)).dev) return null;
  const free = freeBytes(boot);
  if (free === null) return null;
  const present = new Set(["EFI/nixos", "kernels", "nixos"].flatMap((folder) => listOf(join(boot, folder))));
  const files = ["kernel", "initrd"].map((name) => realPath(join(wanted, name)));
  const isThere = (file: string) => bootNames(file).some((name) => present.has(name));
  const missing = files.filter((file) => file !== null).filter((file) => !isThere(file));
  return { freeBytes: free, neededBytes: missing.reduce((sum, file) => sum + statSync(file).size, 0) };
}

/** As NixOS's installers name a kernel or initrd on the partition: systemd-boot in EFI/nixos, GRUB in kernels, extlinux in nixos. */
function bootNames(file: string): string[] {
  const name = `${basename(dirname(file))}-${basename(file)}`;
  return [`${name}.efi`, name];
}

function initOf(toplevel: string): string {
  return textOf(`${toplevel}/init-interface-version`) ?? "";
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return null;
  }
}

function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function realPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    return null;
  }
}
