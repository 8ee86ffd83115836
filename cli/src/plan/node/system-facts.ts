/** PURE. What a plan must know of one system; all of it lies in its closure. */
import type { KernelFacts } from "@chimera/proto/system/kernel-difference";
import type { UnitFolder } from "../units/unit-folder.ts";

/** How the system's own boot loader comes back from a system that does not boot; unknown where the closure does not say. */
export type Protection = "one-shot" | "none" | "unknown";

export interface BootFile {
  /** Where the toplevel's link leads. */
  path: string;
  /** Null for what is no file of the store: on a node it may be another one. */
  bytes: number | null;
}

export interface SystemFacts {
  toplevel: string;
  /** What of it was left out of the comparison, and why. */
  notes: string[];
  /** Without a folder etc/systemd/system there is nothing to compare. */
  hasUnits: boolean;
  units: UnitFolder;
  /** Text of /etc/fstab; empty without one, null for one that is too large to be compared. */
  fstab: string | null;
  /** Where systemd's program and its configuration lie. */
  manager: { program: string | null; config: string | null };
  kernel: KernelFacts;
  initrd: string | null;
  /** Kernel and initrd, which a boot partition takes a copy of; none in a container. */
  bootFiles: BootFile[];
  initInterface: string;
  /** Text of switch-inhibitors; null without one. */
  inhibitors: string | null;
  /** Version of NVIDIA's programs. */
  driver: string | null;
  protection: Protection;
}
