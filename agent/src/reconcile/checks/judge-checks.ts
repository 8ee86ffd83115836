/**
 * PURE. What health checks say together: the verdict names the check that decided. Contact is judged by probation and
 * by nobody afterwards: a fleet whose hub is away must not undo what it runs.
 */
import type { CheckResult, HealthCheck } from "@chimera/proto/health-check";

export type ChecksVerdict = { kind: "healthy" } | { kind: "not-yet"; check: string; message: string };

/** Healthy once every check of this node has its passes in a row. Names a failing one before one that still waits. */
export function judgeChecks(checks: readonly HealthCheck[], results: readonly CheckResult[]): ChecksVerdict {
  const open = judged(checks, results).filter(({ check, passes }) => passes < check.passes);
  const worst = open.find(({ failures }) => failures > 0) ?? open[0];
  if (worst === undefined) return { kind: "healthy" };
  const { check, passes, message } = worst;
  const progress = `${passes} of ${check.passes} passes`;
  return { kind: "not-yet", check: check.name, message: `${message ?? "not run yet"} (${progress})` };
}

/** After the commit: the first check with its failures in a row. */
export function unhealthyCheck(
  checks: readonly HealthCheck[],
  results: readonly CheckResult[],
): { check: string; message: string } | null {
  const worst = judged(checks, results).find(({ check, failures }) => failures >= check.failures);
  if (worst === undefined) return null;
  return { check: worst.check.name, message: worst.message ?? `${worst.failures} failures in a row` };
}

interface Judged {
  check: HealthCheck;
  passes: number;
  failures: number;
  message: string | null;
}

function judged(checks: readonly HealthCheck[], results: readonly CheckResult[]): Judged[] {
  return checks
    .filter(({ from, kind }) => from === "node" && kind !== "contact")
    .map((check) => {
      const result = results.find(({ name, kind }) => name === check.name && kind === check.kind);
      const { passesInRow = 0, failuresInRow = 0, message = null } = result ?? {};
      return { check, passes: passesInRow, failures: failuresInRow, message };
    });
}
