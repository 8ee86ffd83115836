/** SHELL. PLACEHOLDER until the real runner lands: every check passes. */
import type { CheckResult, HealthCheck } from "@chimera/proto/health-check";

export function createCheckRunner(_: object) {
  let now: readonly HealthCheck[] = [];
  return {
    begin: (run: { id: string; sinceMs: number; checks: readonly HealthCheck[] }) => {
      now = run.checks;
    },
    results: (): CheckResult[] =>
      now.map(({ name, kind, passes }) => ({
        name,
        kind,
        passesInRow: passes,
        failuresInRow: 0,
        runs: passes,
        message: "not run",
        at: null,
      })),
    stop: () => undefined,
  };
}
