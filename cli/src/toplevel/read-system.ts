/** SHELL. Reads from a toplevel what a plan compares. */
import { driverVersion } from "@chimera/proto/system/driver-difference";
import { maxInhibitorBytes } from "@chimera/proto/system/inhibitors";
import { ChimeraError } from "@chimera/proto/errors";
import type { BootFile, Protection, SystemFacts } from "../plan/node/system-facts.ts";
import { readUnitFolder, type UnitCache } from "./read-unit-folder.ts";
import { findInStore, readInStore, type Found, type StoreView } from "./store-view.ts";

const maxTextBytes = 1 << 20;
const maxProgramBytes = 1 << 20;

/** Throws closure-mismatch for a path that is no system. */
export function readSystem(view: StoreView, toplevel: string, cache: UnitCache): SystemFacts {
  const at = (file: string): string | null => pathOf(view, `${toplevel}/${file}`);
  const text = (file: string, max = maxTextBytes): string | null =>
    readInStore(view, `${toplevel}/${file}`, max)?.toString("utf8") ?? null;
  const giants = ["etc/fstab", "kernel-params"].filter((file) => isGiant(view, `${toplevel}/${file}`));
  const { hasUnits, units, notes } = readUnitFolder(view, toplevel, cache);
  if (at("nixos-version") === null && at("etc") === null) {
    throw new ChimeraError(
      "closure-mismatch",
      `${toplevel} is no NixOS system: it has no nixos-version and no etc`,
    );
  }
  return {
    toplevel,
    notes: [
      ...notes,
      ...giants.map((file) => `${toplevel}/${file} has more than ${maxTextBytes} bytes: it was not compared`),
    ],
    hasUnits,
    units,
    fstab: giants.includes("etc/fstab") ? null : (text("etc/fstab") ?? ""),
    manager: { program: at("systemd/lib/systemd/systemd"), config: at("etc/systemd/system.conf") },
    kernel: {
      kernel: at("kernel"),
      modules: at("kernel-modules"),
      params: (text("kernel-params") ?? "").trim(),
    },
    initrd: at("initrd"),
    bootFiles: ["kernel", "initrd"].flatMap((file) => bootFilesOf(findInStore(view, `${toplevel}/${file}`))),
    initInterface: (text("init-interface-version") ?? "").trim(),
    inhibitors: text("switch-inhibitors", maxInhibitorBytes),
    driver: driverVersion(at("sw/bin/nvidia-smi")),
    protection: protectionOf(text("bin/switch-to-configuration", maxProgramBytes) ?? ""),
  };
}

/** A link that leads nowhere brings nothing to a boot partition. */
function bootFilesOf(found: Found): BootFile[] {
  switch (found.kind) {
    case "file":
      return [{ path: found.path, bytes: found.size }];
    case "directory":
      return [{ path: found.path, bytes: null }];
    case "outside":
      return [{ path: found.target, bytes: null }];
    case "missing":
    case "loop":
      return [];
  }
}

function isGiant(view: StoreView, path: string): boolean {
  const found = findInStore(view, path);
  return found.kind === "file" && found.size > maxTextBytes;
}

/** Where a file of the toplevel leads, in the store or out of it. */
function pathOf(view: StoreView, path: string): string | null {
  const found = findInStore(view, path);
  if (found.kind === "outside") return found.target;
  return found.kind === "file" || found.kind === "directory" ? found.path : null;
}

/** The switch names the program that installs the boot loader. */
function protectionOf(program: string): Protection {
  const installer =
    /\/nix\/store\/[0-9a-z]{32}-(?<name>[A-Za-z0-9+._?=-]*(?:systemd-boot|lzbt|lanzaboote|grub|extlinux|raspberrypi)[A-Za-z0-9+._?=-]*)/u.exec(
      program,
    );
  const name = installer?.groups?.["name"];
  if (name === undefined) return "unknown";
  return /systemd-boot|lzbt|lanzaboote/u.test(name) ? "one-shot" : "none";
}
