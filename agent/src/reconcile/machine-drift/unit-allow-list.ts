/** PURE. Who else rightly writes drop-ins for units of the closure, as data. */
import picomatch from "picomatch";

interface AllowedDropIn {
  glob: string;
  reason: string;
  /** As systemd names the container around the machine; nowhere else it is right. */
  container: string;
}

const unitAllowList: readonly AllowedDropIn[] = [
  {
    glob: "/run/systemd/system/*.d/zzz-lxc-*.conf",
    reason: "distrobuilder's generator, which NixOS runs in LXC containers",
    container: "lxc",
  },
];

const matchers = unitAllowList.map((entry) => ({ entry, matches: picomatch(entry.glob) }));

/** `container`: what /run/systemd/container says; null on a machine of its own. */
export function isAllowedDropIn(path: string, container: string | null): boolean {
  return allowedDropIn(path, container) !== null;
}

/** With the reason; null for a drop-in that is nobody's right. */
export function allowedDropIn(path: string, container: string | null): AllowedDropIn | null {
  const found = matchers.find(({ entry, matches }) => entry.container === container && matches(path));
  return found?.entry ?? null;
}
