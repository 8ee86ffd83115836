/** SHELL. Whether the loaded NVIDIA driver is another than the wanted system's programs ask for. */
import { readFileSync, realpathSync } from "node:fs";
import { driverDifference, driverVersion } from "@chimera/proto/system/driver-difference";

const loadedFile = "/sys/module/nvidia/version";

/** In words; null when they agree, and where no such driver is loaded or none is wanted. */
export function compareDriver(wanted: string, loaded = loadedFile): string | null {
  return driverDifference(loadedVersion(loaded), driverVersion(programOf(wanted)));
}

function loadedVersion(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim().slice(0, 64);
  } catch {
    return null;
  }
}

function programOf(toplevel: string): string | null {
  try {
    return realpathSync(`${toplevel}/sw/bin/nvidia-smi`);
  } catch {
    return null;
  }
}
