/** PURE. NVIDIA drivers: a loaded one and the programs of another refuse each other until a restart. */

/** The version stands in the name of the store path that nvidia-smi lies in; null where there is none. */
export function driverVersion(nvidiaSmi: string | null): string | null {
  return /-nvidia-x11-(\d+(?:\.\d+)+)/.exec(nvidiaSmi ?? "")?.[1] ?? null;
}

/** In words; null when they agree, and where no such driver is loaded or none is wanted. */
export function driverDifference(from: string | null, to: string | null): string | null {
  return from === null || to === null || from === to ? null : `another NVIDIA driver: ${from} -> ${to}`;
}
