// SHELL. One trial of the fault table: an order, and from outside what is done to the node meanwhile.
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../lab/wait-until.ts";
import { doDeed } from "./faults/do-deed.ts";
import { faultOf } from "./fault-table.ts";
import type { Fault } from "./faults/fault.ts";
import { readFacts } from "./node-facts.ts";
import { applySetting, type Undo } from "./node-settings.ts";
import { expectedOf, orderedSystem, type Orderer } from "./run-kill.ts";
import type { SoakNode } from "./soak-nodes.ts";
import type { TrialEnd } from "./trial-end.ts";
import type { TrialPlan } from "./trial-plan.ts";
import { waitRest } from "./wait-rest.ts";
import { mountedStateFolder, watchJournal } from "./watch-journal.ts";

const reachMs = 60_000;
const usualRestMs = 90_000;

export async function runFault(
  node: SoakNode,
  plan: Extract<TrialPlan, { kind: "fault" }>,
  order: Orderer,
): Promise<TrialEnd> {
  const { host } = node;
  const fault = faultOf(plan.fault);
  if (fault.setting === "patient") await becomePatient(node, order);
  const { current: from } = await readFacts(host);
  const undoSetting = await applySetting(host, fault.setting ?? "none", from);
  const before = await readFacts(host);
  const to = orderedSystem(node, fault.order, from);
  const begun = performance.now();
  const undoDeed = await orderWithDeed(node, fault, { from, give: () => order(host, to) });
  const rest = performance.now() - begun;
  await sleep(Math.max(0, (fault.notBeforeMs ?? 0) - rest));
  const expected = expectedOf(before, { to, ends: fault.ends });
  const { verdict, facts } = await waitRest(host, expected, { timeoutMs: fault.restMs ?? usualRestMs });
  const ms = Math.round(performance.now() - begun);
  await undoDeed();
  await undoSetting();
  return { systems: { from, to }, shot: null, verdict, facts, ms };
}

/** Its agent is another one, since its configuration is. */
async function becomePatient({ host, toplevelOf }: SoakNode, order: Orderer): Promise<void> {
  const before = await readFacts(host);
  await order(host, toplevelOf("patient"));
  const isPatient = async () => {
    const { current, agents, atRest } = await readFacts(host);
    const [agent] = agents;
    return current === toplevelOf("patient") && agent === atRest && agent !== before.atRest;
  };
  await waitUntil(`${host.name} runs patient`, isPatient, { timeoutMs: 60_000, everyMs: 200 });
}

interface Giving {
  from: string;
  give: () => Promise<void>;
}

/** Resolves when the deed was done; a deed that does not last is undone by itself. */
async function orderWithDeed(node: SoakNode, fault: Fault, { from, give }: Giving): Promise<Undo> {
  const { deed = "nothing", when = "before", lastsMs } = fault;
  const { host } = node;
  const act = () => doDeed(deed, { host, from });
  if (when === "before") {
    const undo = await act();
    await give();
    return undo;
  }
  let isReached = false;
  const watch = watchJournal(await mountedStateFolder(host), ({ step }) => {
    isReached ||= step === when;
  });
  const reached = waitUntil(`the journal at ${when}`, () => isReached, { timeoutMs: reachMs, everyMs: 1 });
  const [undo] = await Promise.all([reached.then(act), give()]).finally(watch.close);
  if (lastsMs === undefined) return undo;
  await sleep(lastsMs);
  await undo();
  return () => Promise.resolve();
}
