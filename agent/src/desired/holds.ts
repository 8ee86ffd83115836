/** PURE. Which hold counts now, signed or root's own on the node, and what it stops. */
import type { Hold, TrustState } from "@chimera/proto/acceptance/trust-state";
import { nowOf } from "@chimera/proto/acceptance/verdict";
import type { LocalState } from "@chimera/proto/local-order";
import { mergeHolds } from "../local/merge-local.ts";
import type { Blocked } from "../reconcile/decision.ts";

export interface HoldSight {
  state: TrustState | null;
  /** What root ordered on the node itself. */
  local: LocalState;
  nowMs: number;
}

/** The signed hold that counts now: a clock that was set back makes none longer. */
export function holdOf(state: TrustState | null, nowMs: number): Hold | null {
  if (state === null || state.hold === null) return null;
  return nowOf({ state, judge: { nowMs } }) <= Date.parse(state.hold.until) ? state.hold : null;
}

/** Signed and local together. */
export function wholeHold({ state, local, nowMs }: HoldSight): Hold | null {
  return mergeHolds(holdOf(state, nowMs), local.hold, nowMs);
}

export function held(hold: Hold | null): Blocked | null {
  if (hold === null) return null;
  const detail = `held by ${hold.author} until ${hold.until}: ${hold.reason}`;
  return { state: "held", reason: "held", detail, repairs: !hold.drift };
}
