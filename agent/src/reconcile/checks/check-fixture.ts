/** For tests: checks and results of which only what matters is said. */
import { HealthCheck, UnitRule, type CheckResult } from "@chimera/proto/health-check";

/** Of kind "tcp" where no other is said. */
export function check(name: string, more: Record<string, unknown> = {}): HealthCheck {
  const tcp = { kind: "tcp", host: "::1", port: 1 };
  return HealthCheck.parse({ ...("kind" in more ? {} : tcp), name, ...more });
}

export function result(name: string, more: Partial<CheckResult> = {}): CheckResult {
  const none = { passesInRow: 0, failuresInRow: 0, runs: 0, message: null, at: null };
  return { name, kind: "tcp", ...none, ...more };
}

export function rule(unit: string, more: Partial<UnitRule> = {}): UnitRule {
  return UnitRule.parse({ unit, reason: "it is known", ...more });
}
