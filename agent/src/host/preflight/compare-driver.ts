/**
 * SHELL. Whether the loaded NVIDIA driver is another than the wanted system's programs ask for: they refuse each other
 * until a restart. The wanted version stands in the name of the store path that nvidia-smi lies in.
 */
import { readFileSync, realpathSync } from "node:fs";

const loadedFile = "/sys/module/nvidia/version";

/** In words; null when they agree, and where no such driver is loaded or none is wanted. */
export function compareDriver(wanted: string, loaded = loadedFile): string | null {
  const [from, to] = [loadedVersion(loaded), wantedVersion(wanted)];
  if (from === null || to === null || from === to) return null;
  return `another NVIDIA driver: ${from} -> ${to}`;
}

function loadedVersion(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim().slice(0, 64);
  } catch {
    return null;
  }
}

function wantedVersion(toplevel: string): string | null {
  try {
    const path = realpathSync(`${toplevel}/sw/bin/nvidia-smi`);
    return /-nvidia-x11-(\d+(?:\.\d+)+)/.exec(path)?.[1] ?? null;
  } catch {
    return null;
  }
}
