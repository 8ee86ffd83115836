/** PURE. What signed orders leave alone now. */
import type { DriftException } from "@chimera/proto/drift-policy";
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import { nowOf } from "@chimera/proto/acceptance/verdict";

export function exceptionsOf(state: TrustState | null, clockMs: number): DriftException[] {
  if (state === null) return [];
  const nowMs = nowOf({ state, judge: { nowMs: clockMs } });
  return (state.driftExceptions ?? []).filter(({ ended, until }) => !ended && Date.parse(until) >= nowMs);
}
