/** PURE. What is played: a fleet, what its nodes do, and what befalls the lead. */
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { Head } from "@chimera/proto/signed/head";
import type { StateWord } from "@chimera/proto/state-word";
import type { Ask, NodeSight } from "../lead-sight.ts";

/** What a node says so many seconds after it was let go; the last one stays. */
export type Part = readonly (readonly [second: number, state: StateWord, more?: Partial<NodeSight>])[];

export interface Play {
  /** Sizes of the waves; nodes are named n01, n02, … */
  waves: readonly number[];
  policy?: Partial<RolloutPolicy>;
  head?: Partial<Head>;
  /** Nodes that do not play the usual part. */
  parts?: Readonly<Record<string, Part>>;
  /** Silent from the beginning; and the second at which they are all back. */
  away?: readonly string[];
  backAt?: number;
  /** By an operator, before and when the wave goes; and the second at which all of them are let go again. */
  held?: readonly string[];
  heldUntil?: number;
  /** Seconds at which something is asked of the lead, or the lead dies. */
  asks?: Readonly<Record<number, Ask>>;
  leadDies?: readonly number[];
  seconds?: number;
}

export const usual: Part = [
  [0, "activating"],
  [2, "probation"],
  [12, "committed", { isProven: true }],
];
export const restarts: Part = [
  [0, "staged-for-reboot", { waiting: "draining" }],
  [3, "rebooting"],
  [60, "probation"],
  [70, "committed", { isProven: true, waiting: "undraining" }],
  [75, "committed", { isProven: true }],
];
