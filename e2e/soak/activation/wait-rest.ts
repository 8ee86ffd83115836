// SHELL. Waits until a node is at rest and whole, for a bounded time; what it then is, is the end of the trial.
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../../lab/host/host.ts";
import { judge, type Expected, type Verdict } from "./judge.ts";
import { readFacts, type NodeFacts } from "./node-facts.ts";

export interface Rest {
  verdict: Verdict;
  /** Null where the node could not even be asked. */
  facts: NodeFacts | null;
}

const everyMs = 150;
/** A rest that lasts this long with one agent is no pause between two steps. */
const settleMs = 600;

export async function waitRest(
  host: Host,
  expected: Expected,
  { timeoutMs }: { timeoutMs: number },
): Promise<Rest> {
  const deadline = performance.now() + timeoutMs;
  let calm = { agent: 0, since: 0 };
  for (;;) {
    const rest = await look(host, expected);
    const now = performance.now();
    const agent = restingAgent(rest);
    if (agent !== calm.agent) calm = { agent, since: now };
    const isSettled = agent !== 0 && now - calm.since >= settleMs;
    if ((isSettled && rest.verdict.ok) || now > deadline) return rest;
    await sleep(everyMs);
  }
}

/** The one that drives the node and says that it has nothing to do; 0 without one. */
function restingAgent({ facts }: Rest): number {
  if (facts === null) return 0;
  const [agent, ...others] = facts.agents;
  return others.length === 0 && agent === facts.atRest ? agent : 0;
}

async function look(host: Host, expected: Expected): Promise<Rest> {
  try {
    const facts = await readFacts(host);
    return { facts, verdict: judge(facts, expected) };
  } catch (error) {
    // Off, or on the way up.
    const wrong = [String(error).slice(0, 300)];
    return { facts: null, verdict: { end: "half", ok: false, wrong } };
  }
}
