/**
 * SHELL. Sees a unit end without asking systemd again and again: the kernel tells when its cgroup is empty (cgroup.events,
 * kernel's cgroup-v2.rst). What leaves a process behind is never seen so: whoever waits asks from time to time as well.
 */
import { readFileSync, watch } from "node:fs";
import { join } from "node:path";

/** Where systemd puts services, on a machine with one hierarchy. */
const serviceCgroups = "/sys/fs/cgroup/system.slice";

/** How to stop watching; null where there is nothing to watch: it has ended already, or this machine has no such cgroup. */
export function watchUnitEnd(
  name: string,
  onEnd: () => void,
  cgroups: string = serviceCgroups,
): (() => void) | null {
  const file = join(cgroups, `${name}.service`, "cgroup.events");
  try {
    const watcher = watch(file, { persistent: false }, () => {
      if (!isPopulated(file)) onEnd();
    });
    watcher.on("error", onEnd);
    // Only now: what ends from here on is told.
    if (isPopulated(file)) return () => watcher.close();
    watcher.close();
  } catch {
    // It is asked for instead.
  }
  return null;
}

function isPopulated(file: string): boolean {
  try {
    return readFileSync(file, "utf8").includes("populated 1");
  } catch {
    return false;
  }
}
