/** SHELL. Where the machine's pointers lead: running, booted, profile and boot default. No process is started. */
import { existsSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { StorePath } from "@chimera/proto/names";
import type { SystemPointers } from "../reconcile/decision.ts";
import type { PointerPaths } from "../reconcile/machine-drift/foreign-system.ts";
import { entryFile, entryId, initOf } from "./loader/find-entry.ts";

export interface PointerPlaces {
  run: string;
  profile: string;
  boot: string;
}

const machinePlaces: PointerPlaces = {
  run: "/run",
  profile: "/nix/var/nix/profiles/system",
  boot: "/boot",
};

/** The files that say so, for whoever reads of them. */
export function pointerPaths(places: PointerPlaces = machinePlaces): PointerPaths {
  const plain = join(places.boot, "default");
  return {
    current: join(places.run, "current-system"),
    profile: places.profile,
    bootDefault: existsSync(plain) ? plain : join(places.boot, "loader/loader.conf"),
  };
}

export function readRunning({ run }: PointerPlaces = machinePlaces): StorePath | null {
  return namedSystem(join(run, "current-system"));
}

/**
 * Which system a link names; null where there is none, and where it names anything else than a store path. Only a named one can be
 * somebody else's system: whatever else stands there is a link to be put right, and nothing is left alone for it.
 */
export function namedSystem(link: string): StorePath | null {
  return storePath(attempt(() => readlinkSync(link)));
}

export function readPointers(places: PointerPlaces = machinePlaces): SystemPointers {
  return {
    current: readRunning(places),
    booted: namedSystem(join(places.run, "booted-system")),
    profile: storePath(attempt(() => realpathSync(places.profile))),
    bootDefault: readBootDefault(places.boot),
  };
}

/** systemd-boot's configuration as NixOS writes it, else the one line of a loader that only has a default file. */
export function readBootDefault(boot: string): StorePath | null {
  const plain = attempt(() => readFileSync(join(boot, "default"), "utf8"));
  if (plain !== undefined) return storePath(plain.trim());
  const loader = attempt(() => readFileSync(join(boot, "loader/loader.conf"), "utf8"));
  // Newer nixpkgs writes `preferred`, which systemd-boot reads before `default`.
  const entry =
    loader === undefined ? undefined : (settingOf(loader, "preferred") ?? settingOf(loader, "default"));
  // A pattern or @saved is decided by the loader itself: then nobody knows before the boot.
  if (entry === undefined || /[*?@[]/.test(entry)) return null;
  const id = basename(entry).endsWith(".conf") ? basename(entry) : `${basename(entry)}.conf`;
  const file = entryFile(boot, entryId(id));
  return storePath((file === null ? null : initOf(file)) ?? undefined);
}

/** Whether a system is there and could be activated. */
export function isSystem(toplevel: StorePath): boolean {
  return existsSync(`${toplevel}/bin/switch-to-configuration`);
}

function settingOf(text: string, name: string): string | undefined {
  for (const line of text.split("\n")) {
    const match = /^\s*(\S+)\s+(.+?)\s*$/.exec(line);
    if (match?.[1] === name) return match[2];
  }
  return undefined;
}

function storePath(text: string | undefined): StorePath | null {
  return StorePath.safeParse(text).data ?? null;
}

/** Missing and unreadable are both "not known". */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
