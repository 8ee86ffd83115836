// SHELL. One trial that kills: an order, a death at its moment, and whatever the node makes of it by itself.
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Host } from "../../lab/host/host.ts";
import type { Expected } from "./judge.ts";
import { cutVm } from "./cut-vm.ts";
import { killAtWrite, type Shot } from "./kill-at-write.ts";
import { applySetting } from "./node-settings.ts";
import { readFacts, type NodeFacts } from "./node-facts.ts";
import { plantLoop } from "./plant-journal.ts";
import { scenarios, type Scenario } from "./scenarios.ts";
import type { SoakNode } from "./soak-nodes.ts";
import type { TrialEnd } from "./trial-end.ts";
import type { TrialPlan } from "./trial-plan.ts";
import { waitRest } from "./wait-rest.ts";

/** Gives the order; resolves when the node has taken it. */
export type Orderer = (host: Host, toplevel: string) => Promise<void>;

export type KillPlan = Extract<TrialPlan, { kind: "kill" }>;

/** Four tries to go back, each later than the one before, end after half a minute. */
const reachMs = 75_000;
/** A restart that was ordered and not carried out is ordered again after two minutes. */
const restMs = { container: 200_000, vm: 900_000 };

export async function runKill(node: SoakNode, plan: KillPlan, order: Orderer): Promise<TrialEnd> {
  const { host } = node;
  const scenario: Scenario = scenarios[plan.scenario];
  const before = await readFacts(host);
  const to = orderedSystem(node, scenario.order, before.current);
  const undo = await applySetting(host, scenario.setting, before.current);
  let ordered: Promise<string | undefined> | undefined;
  const shot = await shoot(node, { plan, earlier: before.journal?.order.id }, () => {
    const given = scenario.order === "looping-journal" ? plantLoop(host, to) : order(host, to);
    ordered = given.then(() => undefined, errorChain);
  });
  const begun = performance.now();
  if (plan.scope === "machine" && shot.hit) await bootAsIs(host);
  const refusal = await ordered;
  // Who is killed while he takes an order does not answer; anybody else must have taken it.
  if (refusal !== undefined && !shot.hit) throw new ChimeraError("tool-failed", `no order: ${refusal}`);
  const expected = expectedOf(before, { to, ends: scenario.ends });
  const { verdict, facts } = await waitRest(host, expected, { timeoutMs: restMs[node.machine] });
  const ms = Math.round(performance.now() - begun);
  await undo();
  return { systems: { from: before.current, to }, shot, verdict, facts, ms };
}

interface Aimed {
  plan: KillPlan;
  earlier: string | undefined;
}

function shoot({ host, machine }: SoakNode, { plan, earlier }: Aimed, order: () => void): Promise<Shot> {
  const { scope, moment } = plan;
  if (machine === "container") return killAtWrite(host, { scope, moment, timeoutMs: reachMs }, order);
  // Nobody sees a VM's journal from outside while it runs.
  if (moment.kind === "write") throw new RangeError("a VM is cut at a time, not at a write");
  return cutVm(host, { ms: moment.ms, earlier }, order);
}

export function orderedSystem(node: SoakNode, order: Scenario["order"], current: string): string {
  if (order !== "other" && order !== "looping-journal") return node.toplevelOf(order);
  return current === node.toplevelOf("a") ? node.toplevelOf("b") : node.toplevelOf("a");
}

export function expectedOf(before: NodeFacts, { to, ends }: Pick<Expected, "to" | "ends">): Expected {
  return {
    from: before.current,
    to,
    ends,
    earlier: before.journal,
    failedBefore: before.failedUnits,
  };
}

/** A system that boots badly is the trial's result, not the soak's failure. */
async function bootAsIs(host: Host): Promise<void> {
  await host.boot().catch((error: unknown) => {
    process.stderr.write(`${host.name}: ${errorChain(error)}\n`);
  });
}
