/** PURE. Mounts over /etc that the closure does not declare, and that are somebody's right all the same: told, and never unmounted. */
import type { Mount } from "./mount-table.ts";

export interface MountRights {
  etcDir: string;
  /** Marks of those that were there when the agent first started after this boot. */
  first: ReadonlySet<string>;
  /** Marks of those that PID 1 sees; null where the agent sees the same. */
  outside: ReadonlySet<string> | null;
  /** The node is a container, whatever made it. */
  isContainer: boolean;
}

/** What docker, podman, Kubernetes and systemd-nspawn mount into the containers that they make. */
const runtimeFiles = ["hosts", "hostname", "resolv.conf"];

/** Why it may be there; null where nobody has a right to it. */
export function rightOf(mount: Mount, { etcDir, first, outside, isContainer }: MountRights): string | null {
  const mark = mountMark(mount);
  if (first.has(mark)) return "it was there when the agent first started after this boot";
  if (outside !== null && !outside.has(mark))
    return "only the agent's own unit sees it, as by BindPaths or ProtectSystem";
  const isRuntimes = isContainer && runtimeFiles.some((name) => mount.target === `${etcDir}/${name}`);
  return isRuntimes ? "this node is a container, and its runtime mounts this file" : null;
}

/** What of which file system lies where: numbers of mounts differ between namespaces, and are used again. */
export function mountMark({ device, root, type, target }: Mount): string {
  return JSON.stringify([device, type, root, target]);
}
