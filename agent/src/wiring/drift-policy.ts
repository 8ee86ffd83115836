/** Wiring: what policy says of a path that differs, by the node's module, the accepted head and signed orders. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import { nowOf } from "@chimera/proto/acceptance/verdict";
import type { AgentConfig } from "../config.ts";
import { createStance, type JudgedStance } from "../reconcile/drift/drift-stance.ts";
import { matcherOf } from "../reconcile/drift/match-glob.ts";

type DriftConfig = AgentConfig["drift"];

const noExceptions: NonNullable<TrustState["driftExceptions"]> = [];

export function createPolicy(
  { mode, rules, ignore, window }: Pick<DriftConfig, "mode" | "rules" | "ignore" | "window">,
  trust: () => TrustState | null,
): (path: string) => JudgedStance {
  const ended = ignore.flatMap(({ glob, reason, until }) =>
    until === undefined ? [] : [{ glob, reason, until, mode: "ignore" as const }],
  );
  const stance = createStance({ mode, rules: [...ended, ...rules], window: window ?? null });
  return (path) => {
    const state = trust();
    const signed = {
      exceptions: state?.driftExceptions ?? noExceptions,
      fleet: state?.head?.head.policy.drift,
    };
    const nowMs = state === null ? Date.now() : nowOf({ state, judge: { nowMs: Date.now() } });
    return stance(path, signed, nowMs);
  };
}

/** What is compared at all: an entry of the list that ends one day is a rule instead. */
export function lastingIgnores({ ignore }: Pick<DriftConfig, "ignore">): DriftConfig["ignore"] {
  return ignore.filter(({ until }) => until === undefined);
}

/** The paths whose content may go to whoever signs orders. */
export function showableBy({ showable }: Pick<DriftConfig, "showable">): (path: string) => boolean {
  const matchers = showable.map((glob) => matcherOf(glob));
  return (path) => matchers.some((matches) => matches(path));
}
