/** PURE. How an order is carried out: what the head says, else what the node's module says. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { HeadPolicy } from "@chimera/proto/signed/head";
import type { AgentConfig } from "../config.ts";
import { mergeChecks, mergeUnitRules } from "../reconcile/checks/merge-checks.ts";
import type { Desired } from "../reconcile/decision.ts";
import type { OrderPolicy } from "../reconcile/order-policy.ts";

export type Defaults = Pick<
  AgentConfig,
  "probationSeconds" | "activationSeconds" | "drift" | "checks" | "units" | "afterCommit" | "reboot"
>;

type Settings = Pick<Desired, "probationMs" | "activationSeconds" | "policy">;

export function settingsOf(head: TrustState["head"], config: Defaults): Settings {
  const said = head?.head.policy ?? {};
  return {
    probationMs: (said.probationSeconds ?? config.probationSeconds) * 1000,
    activationSeconds: said.activationSeconds ?? config.activationSeconds,
    policy: {
      ...rebootPolicy(said, config.reboot),
      afterCommit: said.afterCommit ?? config.afterCommit,
      checks: mergeChecks(config.checks, said.checks ?? []),
      units: mergeUnitRules(config.units, said.units ?? []),
      ofHead: { checks: said.checks ?? [], units: said.units ?? [] },
    },
  };
}

/** Of an order that leads back: what a head says of its own system is not said of the one before it. */
export function settingsOfWayBack(head: TrustState["head"], config: Defaults): Settings {
  const settings = settingsOf(head, config);
  return { ...settings, policy: { ...settings.policy, ofHead: { checks: [], units: [] } } };
}

function rebootPolicy(
  said: HeadPolicy,
  own: Defaults["reboot"],
): Pick<OrderPolicy, "reboot" | "rebootWindow" | "acceptUnprotected" | "panicReboot"> {
  return {
    reboot: said.reboot ?? own.policy,
    rebootWindow: said.rebootWindow ?? own.window ?? null,
    acceptUnprotected: said.acceptUnprotected ?? own.acceptUnprotected,
    panicReboot: said.panicReboot ?? own.panicReboot,
  };
}
