/** PURE. How a fleet moves to a head: what was typed, on top of what chimera.toml says; the rest is the nodes' own. */
import { DriftRule } from "@chimera/proto/drift-policy";
import { HeadPolicy, PanicReboot, RebootPolicy, RebootWindow } from "@chimera/proto/signed/head";
import { AfterCommit, type HealthCheck, type UnitRule } from "@chimera/proto/health-check";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";

/** "02:00-04:00", of a day in UTC; it may go over midnight. */
const WindowText = z
  .string()
  .transform((text) => {
    const [from = "", to = "", ...more] = text.split("-");
    return more.length === 0 ? { from, to } : { from: text, to };
  })
  .refine((window) => RebootWindow.safeParse(window).success, "a window of a day in UTC like 02:00-04:00")
  .refine(({ from, to }) => from !== to, "a window begins and ends at different times");

/** [policy.drift]: looked at before the nodes' own rules. */
const DriftFile = z.strictObject({
  rules: z.array(DriftRule).max(32).optional(),
  window: WindowText.optional(),
});

const { probationSeconds, activationSeconds, acceptUnprotected, checks, units } = HeadPolicy.shape;

/** [policy] of chimera.toml: strict, so that a misspelt key is named. */
export const PolicyFile = z.strictObject({
  probationSeconds,
  activationSeconds,
  reboot: RebootPolicy.optional(),
  rebootWindow: WindowText.optional(),
  acceptUnprotected,
  panicReboot: PanicReboot.optional(),
  afterCommit: AfterCommit.optional(),
  drift: DriftFile.optional(),
  checks: checks.refine((list) => isDistinct(list ?? []), "two checks have one name"),
  units: units.refine((list) => isDistinct(list ?? []), "two rules are for one unit"),
});
export type PolicyFile = z.infer<typeof PolicyFile>;

function isDistinct(list: readonly (HealthCheck | UnitRule)[]): boolean {
  const names = list.map((entry) => ("name" in entry ? entry.name : entry.unit));
  return new Set(names).size === names.length;
}

/** The part of it that can be typed. */
export type TypedPolicy = Omit<PolicyFile, "checks" | "units" | "drift">;

/** Throws usage for a window that would not be looked at. */
export function headPolicy(typed: TypedPolicy, file: PolicyFile = {}): HeadPolicy {
  const policy = HeadPolicy.parse({ ...file, ...withoutGaps(typed) });
  if (policy.rebootWindow === undefined || policy.reboot === undefined || policy.reboot === "window") {
    return policy;
  }
  if (typed.rebootWindow !== undefined) {
    throw new ChimeraError("usage", `--reboot-window says nothing with --reboot ${policy.reboot}`);
  }
  const { rebootWindow: _, ...rest } = policy;
  return rest;
}

/** What was not typed hides nothing. */
function withoutGaps(typed: TypedPolicy): object {
  return Object.fromEntries(Object.entries(typed).filter(([, value]) => value !== undefined));
}
