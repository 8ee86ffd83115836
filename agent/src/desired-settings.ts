/** PURE. How an order is carried out: what the head says, else what the node's module says. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { AgentConfig } from "./config.ts";
import { mergeChecks, mergeUnitRules } from "./reconcile/checks/merge-checks.ts";
import type { Desired } from "./reconcile/decision.ts";

export type Defaults = Pick<
  AgentConfig,
  "probationSeconds" | "activationSeconds" | "drift" | "checks" | "units" | "afterCommit" | "reboot"
>;

type Settings = Pick<Desired, "probationMs" | "activationSeconds" | "policy">;

export function settingsOf(head: TrustState["head"], config: Defaults): Settings {
  const policy = head?.head.policy ?? {};
  const { reboot } = config;
  return {
    probationMs: (policy.probationSeconds ?? config.probationSeconds) * 1000,
    activationSeconds: policy.activationSeconds ?? config.activationSeconds,
    policy: {
      reboot: policy.reboot ?? reboot.policy,
      rebootWindow: policy.rebootWindow ?? reboot.window ?? null,
      acceptUnprotected: policy.acceptUnprotected ?? reboot.acceptUnprotected,
      panicReboot: policy.panicReboot ?? reboot.panicReboot,
      afterCommit: policy.afterCommit ?? config.afterCommit,
      checks: mergeChecks(config.checks, policy.checks ?? []),
      units: mergeUnitRules(config.units, policy.units ?? []),
    },
  };
}
