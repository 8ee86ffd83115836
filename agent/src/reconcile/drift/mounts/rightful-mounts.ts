/** PURE. Mounts over /etc that the closure does not declare, and that are somebody's right all the same: told, and never unmounted. */
import type { Mount } from "./mount-table.ts";

export interface FirstMounts {
  marks: ReadonlySet<string>;
  /** How long the machine had run by then; null where the agent started with it. */
  lateMinutes: number | null;
}

export interface Right {
  /** Why it may be there. */
  why: string;
  /** `warn` where that is only likely. */
  level: "info" | "warn";
}

export interface MountRights {
  etcDir: string;
  /** Those that were there when the agent first started after this boot. */
  first: FirstMounts;
  /** Marks of those that PID 1 sees; null where the agent sees the same. */
  outside: ReadonlySet<string> | null;
  /** The node is a container, whatever made it. */
  isContainer: boolean;
}

/** What docker, podman, Kubernetes and systemd-nspawn mount into the containers that they make. */
const runtimeFiles = ["hosts", "hostname", "resolv.conf"];

/** Null where nobody has a right to it. */
export function rightOf(mount: Mount, { etcDir, first, outside, isContainer }: MountRights): Right | null {
  const mark = mountMark(mount);
  if (first.marks.has(mark)) return firstRight(first);
  if (outside !== null && !outside.has(mark))
    return info("only the agent's own unit sees it, as by BindPaths or ProtectSystem");
  const isRuntimes = isContainer && runtimeFiles.some((name) => mount.target === `${etcDir}/${name}`);
  return isRuntimes ? info("this node is a container, and its runtime mounts this file") : null;
}

/** So long after the machine the agent starts in a usual boot, at most. */
const usualMs = 10 * 60_000;

export function lateMinutes(runningMs: number): number | null {
  return runningMs > usualMs ? Math.floor(runningMs / 60_000) : null;
}

/** An agent that comes to a running machine cannot know what the boot mounted, and what somebody did since. */
function firstRight({ lateMinutes: minutes }: FirstMounts): Right {
  if (minutes === null) return info("it was there when the agent first started after this boot");
  const why = `it was there when an agent first started in this boot, ${minutes} minutes after its beginning: somebody may have mounted it by then`;
  return { why, level: "warn" };
}

function info(why: string): Right {
  return { why, level: "info" };
}

/** What of which file system lies where: numbers of mounts differ between namespaces, and are used again. */
export function mountMark({ device, root, type, target }: Mount): string {
  return JSON.stringify([device, type, root, target]);
}
