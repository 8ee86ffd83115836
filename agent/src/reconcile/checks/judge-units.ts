/** PURE. Which failed units say something about the new system. */
import type { UnitRule } from "@chimera/proto/health-check";

export interface UnitsSight {
  failing: readonly string[];
  /** Failed already before the activation: not its fault. */
  failedBefore: readonly string[];
  rules: readonly UnitRule[];
  /** Since the activation's end. */
  elapsedMs: number;
}

/** A unit that failed this long after the activation will not come back by itself. */
const usualSettleMs = 2_000;

export function failedSince(sight: UnitsSight): { unit: string; settled: boolean }[] {
  const before = new Set(sight.failedBefore);
  return sight.failing.flatMap((unit) => {
    const rule = sight.rules.find((one) => one.unit === unit);
    if (before.has(unit) || rule?.ignore === true) return [];
    const settleMs = rule === undefined ? usualSettleMs : rule.settleSeconds * 1000;
    return [{ unit, settled: sight.elapsedMs >= settleMs }];
  });
}
