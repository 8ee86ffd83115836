// SHELL. One trial of the fault table.
import { setTimeout as sleep } from "node:timers/promises";
import { faults, type Fault } from "./fault-table.ts";
import { readFacts } from "./node-facts.ts";
import { expectedOf, orderedSystem, type Orderer } from "./run-kill.ts";
import type { SoakNode } from "./soak-nodes.ts";
import type { TrialEnd } from "./trial-end.ts";
import type { TrialPlan } from "./trial-plan.ts";
import { waitRest } from "./wait-rest.ts";

export async function runFault(
  node: SoakNode,
  plan: Extract<TrialPlan, { kind: "fault" }>,
  order: Orderer,
): Promise<TrialEnd> {
  const { host } = node;
  const fault: Fault = faults[plan.fault];
  const before = await readFacts(host);
  const to = orderedSystem(node, fault.order, before.current);
  const begun = performance.now();
  await order(host, to);
  await sleep(fault.notBeforeMs ?? 0);
  const expected = expectedOf(before, { to, ends: fault.ends });
  const { verdict, facts } = await waitRest(host, expected, { timeoutMs: 240_000 });
  const ms = Math.round(performance.now() - begun);
  return { systems: { from: before.current, to }, shot: null, verdict, facts, ms };
}
