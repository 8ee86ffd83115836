/** SHELL. Plans each node's way from one system to another; systems that several nodes share are read and compared once. */
import { setImmediate } from "node:timers/promises";
import { ChimeraError, errorChain, type ErrorCode } from "@chimera/proto/errors";
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { NodePlan } from "../plan/node/group-plans.ts";
import { judgeSpace, type Said, type SpacePlan } from "../plan/node/judge-space.ts";
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
  said: Said;
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
  const planned = new Map<string, SwitchPlan | Problem>();
  const plans: NodePlan[] = [];
  for (const pair of pairs) {
    const { node, from, to } = pair;
    const key = `${from ?? ""} ${to ?? ""}`;
    const plan = planned.get(key) ?? planPair(read, pair, running);
    if (plan !== null) planned.set(key, plan);
    const told = plan !== null && "problem" in plan ? { plan: null, ...plan } : { plan, ...noProblem };
    const bytes = bytesOf(systems, pair);
    plans.push({ node, from, to, ...told, bytes, space: spaceOf(read, pair, bytes) });
    // A thousand systems are read in some seconds: Ctrl-C is heard in between.
    await setImmediate();
  }
  return plans;
}

interface Problem {
  problem: string;
  code: ErrorCode;
}

const noProblem = { problem: null, code: null };

type Read = (toplevel: StorePath) => SystemFacts | ChimeraError;

function planPair(
  read: Read,
  { from, to }: Pair,
  running: PlanOptions["running"],
): SwitchPlan | Problem | null {
  if (from === null || to === null || from === to) return null;
  const [old, next] = [read(from), read(to)];
  if (old instanceof ChimeraError) return problemOf(from, old);
  if (next instanceof ChimeraError) return problemOf(to, next);
  return planSwitch(old, next, running);
}

function spaceOf(read: Read, { from, to, said }: Pair, bytes: NodePlan["bytes"]): SpacePlan | null {
  if (to === null || to === from) return null;
  const [old, next] = [from === null ? null : read(from), read(to)];
  return judgeSpace(said, {
    narBytes: bytes?.missing ?? null,
    bootFiles: next instanceof ChimeraError ? null : next.bootFiles,
    oldBootFiles: old === null || old instanceof ChimeraError ? [] : old.bootFiles,
  });
}

function problemOf(toplevel: StorePath, error: ChimeraError): Problem {
  return { problem: `${toplevel}: ${errorChain(error)}`, code: error.code };
}

function createReader(systems: Systems): Read {
  const cache = createUnitCache();
  const known = new Map<StorePath, SystemFacts | ChimeraError>();
  return (toplevel) => {
    const facts = known.get(toplevel) ?? readOne(systems, toplevel, cache);
    known.set(toplevel, facts);
    return facts;
  };
}

function readOne(systems: Systems, toplevel: StorePath, cache: UnitCache): SystemFacts | ChimeraError {
  const system = systems.get(toplevel) ?? new ChimeraError("closure-unavailable", "it was not looked for");
  if (system instanceof ChimeraError) return system;
  try {
    return readSystem(system.view, toplevel, cache);
  } catch (error) {
    if (error instanceof ChimeraError) return error;
    throw error;
  }
}

function bytesOf(systems: Systems, { from, to }: Pair): NodePlan["bytes"] {
  const closureOf = (toplevel: StorePath) => {
    const system = systems.get(toplevel);
    return system === undefined || system instanceof ChimeraError ? null : system.closure;
  };
  const wanted = to === null ? null : closureOf(to);
  const there = from === null ? [] : closureOf(from);
  return wanted === null || there === null ? null : newBytes(there, wanted);
}
