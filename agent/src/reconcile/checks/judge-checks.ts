/** PURE. What health checks say together: the verdict names the check that decided. */
import type { CheckResult, HealthCheck } from "@chimera/proto/health-check";

export type ChecksVerdict = { kind: "healthy" } | { kind: "not-yet"; check: string; message: string };

/** Healthy once every check of this node has its passes in a row. Names a failing one before one that still waits. */
export function judgeChecks(checks: readonly HealthCheck[], results: readonly CheckResult[]): ChecksVerdict {
  const open = checks
    .filter(({ from, kind }) => from === "node" && kind !== "contact")
    .map((check) => ({ check, result: results.find(({ name }) => name === check.name) }))
    .filter(({ check, result }) => (result?.passesInRow ?? 0) < check.passes);
  const worst = open.find(({ result }) => (result?.failuresInRow ?? 0) > 0) ?? open[0];
  if (worst === undefined) return { kind: "healthy" };
  const { check, result } = worst;
  const done = `${result?.passesInRow ?? 0} of ${check.passes} passes`;
  return { kind: "not-yet", check: check.name, message: `${result?.message ?? "not run yet"} (${done})` };
}

/** After the commit: the first check with its failures in a row. */
export function unhealthyCheck(
  checks: readonly HealthCheck[],
  results: readonly CheckResult[],
): { check: string; message: string } | null {
  for (const { name, failures, from } of checks) {
    const result = results.find((one) => one.name === name);
    if (from !== "node" || result === undefined || result.failuresInRow < failures) continue;
    return { check: name, message: result.message ?? `${result.failuresInRow} failures in a row` };
  }
  return null;
}
