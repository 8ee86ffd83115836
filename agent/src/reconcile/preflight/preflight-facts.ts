/** PURE. What is known before one system is switched to another: read from both closures, the loader and the file systems. */

import type { RestartFacts } from "@chimera/proto/system/reboot-reasons";

/** How the loader comes back from a system that does not boot. */
export type LoaderProtection = "one-shot" | "none";

export interface PreflightFacts extends RestartFacts {
  /** `nixos-version` and `bin/switch-to-configuration` are there. */
  isSystem: boolean;
  /** As `uname -m` and the closure's `system` say; null where one is not known. */
  platform: { machine: string | null; wanted: string | null };
  /** Null where it cannot be read. */
  storeFreeBytes: number | null;
  /** Null without a boot partition. `needed` are the kernel and initrd that are not on it yet. */
  boot: { freeBytes: number; neededBytes: number } | null;
  /** Who holds the lock of switches, in words: a switch, or anybody who locks its file. Null where nobody does. */
  switchLock: string | null;
  loader: LoaderProtection;
  /** Whether the wanted system brings an agent: without one it cannot prove itself after a restart. */
  hasAgent: boolean;
}
