/** SHELL. Plans each node's way from one system to another; systems that several nodes share are read and compared once. */
import { setImmediate } from "node:timers/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { NodePlan } from "../plan/node/group-plans.ts";
import { newBytes } from "../plan/node/new-bytes.ts";
import { planSwitch, type SwitchPlan } from "../plan/node/plan-switch.ts";
import type { SystemFacts } from "../plan/node/system-facts.ts";
import type { Systems } from "./gather-systems.ts";
import { readSystem } from "./read-system.ts";
import { createUnitCache, type UnitCache } from "./read-unit-folder.ts";

export interface Pair {
  /** Null for two systems that were typed. */
  node: NodeName | null;
  from: StorePath | null;
  to: StorePath | null;
  storeFreeBytes: number | null;
}

export interface PlanOptions {
  systems: Systems;
  running: ReadonlySet<string> | null;
}

export async function planPairs(
  pairs: readonly Pair[],
  { systems, running }: PlanOptions,
): Promise<NodePlan[]> {
  const read = createReader(systems);
  const planned = new Map<string, SwitchPlan | string>();
  const plans: NodePlan[] = [];
  for (const pair of pairs) {
    const { from, to } = pair;
    const key = `${from ?? ""} ${to ?? ""}`;
    const plan = planned.get(key) ?? planPair(read, pair, running);
    if (plan !== null) planned.set(key, plan);
    plans.push({
      ...pair,
      plan: typeof plan === "string" ? null : plan,
      problem: typeof plan === "string" ? plan : null,
      bytes: bytesOf(systems, pair),
    });
    // A thousand systems are read in some seconds: Ctrl-C is heard in between.
    await setImmediate();
  }
  return plans;
}

type Read = (toplevel: StorePath) => SystemFacts | string;

function planPair(
  read: Read,
  { from, to }: Pair,
  running: PlanOptions["running"],
): SwitchPlan | string | null {
  if (from === null || to === null || from === to) return null;
  const [old, next] = [read(from), read(to)];
  if (typeof old === "string") return `${from}: ${old}`;
  if (typeof next === "string") return `${to}: ${next}`;
  return planSwitch(old, next, running);
}

function createReader(systems: Systems): Read {
  const cache = createUnitCache();
  const known = new Map<StorePath, SystemFacts | string>();
  return (toplevel) => {
    const facts = known.get(toplevel) ?? readOne(systems, toplevel, cache);
    known.set(toplevel, facts);
    return facts;
  };
}

function readOne(systems: Systems, toplevel: StorePath, cache: UnitCache): SystemFacts | string {
  const system = systems.get(toplevel) ?? "it was not looked for";
  if (typeof system === "string") return system;
  try {
    return readSystem(system.view, toplevel, cache);
  } catch (error) {
    if (error instanceof ChimeraError) return errorChain(error);
    throw error;
  }
}

function bytesOf(systems: Systems, { from, to }: Pair): NodePlan["bytes"] {
  const closureOf = (toplevel: StorePath) => {
    const system = systems.get(toplevel);
    return system === undefined || typeof system === "string" ? null : system.closure;
  };
  const wanted = to === null ? null : closureOf(to);
  const there = from === null ? [] : closureOf(from);
  return wanted === null || there === null ? null : newBytes(there, wanted);
}
