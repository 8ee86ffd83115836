/** PURE. The checks of the node's module and of the head together: the head's take the place of one of the same name. */
import { HealthCheck, maxChecks, maxUnitRules, type UnitRule } from "@chimera/proto/health-check";

/** A node that can no longer use its store could neither go forward nor be repaired. */
const nixCheck: HealthCheck = HealthCheck.parse({ kind: "nix", name: "nix", everySeconds: 10, passes: 1 });

export function mergeChecks(own: readonly HealthCheck[], policy: readonly HealthCheck[]): HealthCheck[] {
  const names = new Set(policy.map(({ name }) => name));
  const merged = [...own.filter(({ name }) => !names.has(name)), ...policy];
  const hasNix = merged.some(({ kind }) => kind === "nix");
  return [...(hasNix ? [] : [nixCheck]), ...merged].slice(0, maxChecks);
}

export function mergeUnitRules(own: readonly UnitRule[], policy: readonly UnitRule[]): UnitRule[] {
  const units = new Set(policy.map(({ unit }) => unit));
  return [...own.filter(({ unit }) => !units.has(unit)), ...policy].slice(0, maxUnitRules);
}
