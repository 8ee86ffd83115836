/** SHELL. Reads what pre-flight judges: both closures, the loader, the file systems. No process is started. */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { machine } from "node:os";
import { join } from "node:path";
import type { StorePath } from "@chimera/proto/names";
import { isOnBoot } from "@chimera/proto/system/boot-files";
import type { PreflightFacts } from "../../reconcile/preflight/preflight-facts.ts";
import { freeBytes } from "../free-bytes.ts";
import { readBootPartition } from "./boot-partition.ts";
import { compareInhibitors } from "./inhibitors.ts";
import type { Loader } from "../loader/loader.ts";
import { blockerOfSwitch, switchLockFile } from "../activation/switch-lock.ts";
import { compareDriver } from "./compare-driver.ts";
import { compareKernel } from "./compare-kernel.ts";
import { broughtAlong } from "./restart-advice.ts";

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
    switchLock: blockerOfSwitch(switchLockFile),
    inhibitors: compareInhibitors(current, wanted),
    isInitChanged: initOf(current) !== initOf(wanted),
    kernel: booted === null ? null : compareKernel(booted, wanted),
    driver: compareDriver(wanted),
    along: booted === null ? [] : broughtAlong(booted, wanted),
    loader: loader.protection(),
    hasAgent: existsSync(`${wanted}/sw/bin/chimera-agent`),
  };
}

/** Null without a boot partition, and for one that cannot be read. */
export function readBoot(wanted: string, boot: string): PreflightFacts["boot"] {
  const found = readBootPartition(boot);
  if (found === null || found.freeBytes === null) return null;
  const names = new Set(found.names);
  const files = ["kernel", "initrd"].map((name) => realPath(join(wanted, name)));
  const missing = files
    .filter((file) => file !== null)
    .filter((file) => !isOnBoot(file, (name) => names.has(name)));
  const neededBytes = missing.reduce((sum, file) => sum + statSync(file).size, 0);
  return { freeBytes: found.freeBytes, neededBytes };
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

function realPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    return null;
  }
}
