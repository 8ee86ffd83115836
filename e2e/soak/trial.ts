// PURE. One line of a ledger, and what a soak is given.
import type { Fleet } from "../fleet/start-fleet.ts";

export interface Trial {
  trial: number;
  /** What was done to the node. */
  fault: string;
  /** Where it ended. */
  end: string;
  ok: boolean;
  ms: number;
}

export interface Soak {
  fleet: Fleet;
  trials: number;
  seed: number;
  record: (trial: Trial) => Promise<void>;
}

export type Trials = (soak: Soak) => Promise<void>;

/** mulberry32: a seed gives the same faults at the same moments again. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
