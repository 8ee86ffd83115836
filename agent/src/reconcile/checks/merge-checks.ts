/** PURE. The checks of the node's module and of the head together: the head's take the place of one of the same name. */
import { HealthCheck, maxChecks, maxUnitRules, type UnitRule } from "@chimera/proto/health-check";

/** A node that can no longer use its store could neither go forward nor be repaired. */
const nixCheck: HealthCheck = HealthCheck.parse({ kind: "nix", name: "nix", everySeconds: 10, passes: 1 });

export function mergeChecks(own: readonly HealthCheck[], fromPolicy: readonly HealthCheck[]): HealthCheck[] {
  const merged = mergeBy(({ name }) => name, own, fromPolicy);
  const usual = merged.some(({ kind }) => kind === "nix") ? [] : [{ ...nixCheck, name: freeName(merged) }];
  return [...usual, ...merged].slice(0, maxChecks);
}

export function mergeUnitRules(own: readonly UnitRule[], fromPolicy: readonly UnitRule[]): UnitRule[] {
  return mergeBy(({ unit }) => unit, own, fromPolicy).slice(0, maxUnitRules);
}

/**
 * Each name once; of two in one list the later. The head's come first: should there be too many, what was signed for
 * this change is not what is left out.
 */
function mergeBy<T>(nameOf: (item: T) => string, own: readonly T[], fromPolicy: readonly T[]): T[] {
  const policy = byName(nameOf, fromPolicy);
  const rest = [...byName(nameOf, own)].filter(([name]) => !policy.has(name));
  return [...policy.values(), ...rest.map(([, item]) => item)];
}

function byName<T>(nameOf: (item: T) => string, items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [nameOf(item), item]));
}

/** Results are found by their check's name. */
function freeName(taken: readonly HealthCheck[]): string {
  const candidates = ["nix", ...taken.map((_, index) => `nix-${index + 2}`)];
  return candidates.find((candidate) => taken.every(({ name }) => name !== candidate)) ?? "nix";
}
