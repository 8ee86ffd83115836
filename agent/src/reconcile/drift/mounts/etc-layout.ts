/** PURE. How this machine's /etc is made: links through /etc/static, or an overlay over the closure's own tree. */
import type { Mount } from "./mount-table.ts";

export type EtcLayout =
  | { kind: "classic" }
  /** `upper`: where changes lie; `null` when nothing can be changed. */
  | { kind: "overlay"; upper: string | null };

/** The lowest mount decides: what somebody mounted over it does not make another layout. */
export function layoutOf(mounts: readonly Mount[], etcDir: string): EtcLayout {
  const lowest = stackAt(mounts, etcDir)[0];
  if (lowest?.type !== "overlay" || !lowest.superOptions.some(isNixosLower)) return { kind: "classic" };
  const upper = lowest.superOptions.find((option) => option.startsWith("upperdir="));
  return {
    kind: "overlay",
    upper: upper === undefined ? null : afterInitrd(upper.slice("upperdir=".length)),
  };
}

/** NixOS mounts the closure's tree as `/run/nixos-etc-metadata`; an overlay of anything else is somebody's own. */
function isNixosLower(option: string): boolean {
  return /^lowerdir\+?=.*etc-metadata/.test(option);
}

/** What is mounted at one place, the lowest first: each is mounted on the one before. */
export function stackAt(mounts: readonly Mount[], target: string): Mount[] {
  const here = mounts.filter((mount) => mount.target === target);
  const ids = new Set(here.map(({ id }) => id));
  const stack: Mount[] = [];
  let next = here.find(({ parent }) => !ids.has(parent));
  while (next !== undefined && stack.length < here.length) {
    const { id } = next;
    stack.push(next);
    next = here.find(({ parent }) => parent === id);
  }
  return stack;
}

/** NixOS mounts it in the initrd, and the kernel goes on to say the path of then. */
function afterInitrd(path: string): string {
  return path.replace(/^\/sysroot(?=\/)/, "");
}
