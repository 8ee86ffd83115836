// PURE. The faults of the issue as data: what is ordered, what is done to the node and when, and how it may end.
import type { End, SystemName } from "./scenarios.ts";

/** What is done to a node from outside; deeds.ts does it. */
export const deedNames = ["none"] as const;
export type DeedName = (typeof deedNames)[number];

export interface Fault {
  order: SystemName | "other";
  deed: DeedName;
  ends: readonly End[];
  /** At the earliest it is judged so long after the order. */
  notBeforeMs?: number;
}

export const faults = {
  "activation exits 1": { order: "exit1", deed: "none", ends: ["old"] },
  "activation exits 2": { order: "exit2", deed: "none", ends: ["old"] },
  "activation exits 4": { order: "exit4", deed: "none", ends: ["old"] },
} as const satisfies Record<string, Fault>;
export type FaultName = keyof typeof faults;

export const faultNames = [
  "activation exits 1",
  "activation exits 2",
  "activation exits 4",
] as const satisfies FaultName[];
