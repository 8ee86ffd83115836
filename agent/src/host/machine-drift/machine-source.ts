/** What a part of the machine is compared with, and what each such part answers. */
import type { DriftItem } from "@chimera/proto/drift";
import type { DriftClass } from "../../reconcile/machine-drift/drift-class.ts";
import type { PutBack } from "../drift/drift-response.ts";

export interface Finding {
  item: DriftItem;
  /** Null for what is only told. */
  revert: (() => Promise<PutBack>) | null;
  /** Why it is only told. */
  why?: string;
  level?: "info";
}

export interface Look {
  findings: readonly Finding[];
  /** How many things were compared. */
  managed: number;
  /** What could not be read, in words. */
  problems?: readonly string[];
  /** All of it cannot be compared: the code of the alarm, and what and why. */
  unseen?: { code: string; what: string };
}

export interface LookContext {
  /** The accepted system, which runs. */
  toplevel: string;
  /** Asked last before each change: false ends it. */
  isCurrent: () => boolean;
}

/** A place whose changes are a hint; with `deep`, all below it too. */
export interface WatchedPlace {
  path: string;
  deep?: true;
}

export interface MachineSource {
  of: DriftClass;
  look(context: LookContext): Promise<Look>;
  watched: readonly WatchedPlace[];
  /** Reads anew what it remembers of the closure. */
  forget?: () => void;
}

export const nothing: Look = { findings: [], managed: 0 };
