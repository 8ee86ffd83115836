// SHELL. Trial after trial on all nodes at once. Each ends as one line of the ledger before the next begins there.
import { errorChain } from "@chimera/proto/errors";
import type { Report } from "../../lab/report.ts";
import { waitUntil } from "../../lab/wait-until.ts";
import { faultOf } from "./fault-table.ts";
import { createGate, type Gate } from "./gate.ts";
import { keepEvidence } from "./keep-evidence.ts";
import { appendLine } from "../ledger/ledger-file.ts";
import type { LedgerLine } from "./ledger-line.ts";
import { describeLine, lineOf } from "./line-of-trial.ts";
import { readFacts } from "./node-facts.ts";
import { runFault } from "./run-fault.ts";
import { runFetchFault } from "./run-fetch-fault.ts";
import { orderedSystem, runKill, type Orderer } from "./run-kill.ts";
import { scenarios } from "./scenarios.ts";
import type { SoakNode } from "./soak-nodes.ts";
import type { TrialEnd } from "./trial-end.ts";
import { planTrial, type TrialId, type TrialPlan } from "./trial-plan.ts";

export interface Run {
  nodes: readonly SoakNode[];
  order: Orderer;
  /** The next trial; undefined: that was all. */
  next: () => TrialId | undefined;
  commit: string;
  ledger: string;
  report: Report;
}

export interface Tally {
  trials: number;
  failed: number;
}

export async function runTrials(run: Run): Promise<Tally> {
  const tally = { trials: 0, failed: 0 };
  const gate = createGate();
  await Promise.all(run.nodes.map((node) => work(node, { run, tally, gate })));
  return tally;
}

interface Bench {
  run: Run;
  tally: Tally;
  gate: Gate;
}

async function work(node: SoakNode, bench: Bench): Promise<void> {
  const { run, gate } = bench;
  let last: LedgerLine | null = null;
  for (let id = run.next(); id !== undefined; id = run.next()) {
    const mine = id;
    const plan = planTrial(mine);
    const action = async () => {
      if (last !== null) await makeReady(node, last, plan);
      last = await runOne(node, { id: mine, plan }, bench);
    };
    await (isAlone(plan) ? gate.alone(action) : gate.beside(action));
  }
}

function isAlone(plan: TrialPlan): boolean {
  return plan.kind === "fault" && faultOf(plan.fault).byHead === true;
}

async function runOne(
  node: SoakNode,
  { id, plan }: { id: TrialId; plan: TrialPlan },
  { run, tally }: Bench,
): Promise<LedgerLine> {
  const end = await runPlan(node, plan, run);
  const made = {
    machine: node.machine,
    node: node.host.name,
    commit: run.commit,
    at: new Date().toISOString(),
  };
  const line = lineOf({ id, plan, end, made });
  await appendLine(run.ledger, line);
  run.report(describeLine(line));
  tally.trials += 1;
  if (!line.ok) {
    tally.failed += 1;
    run.report(`kept ${await keepEvidence(node.host, line, end.facts)}`);
  }
  return line;
}

/** A node that cannot be asked any more is a failed trial like any other. */
async function runPlan(node: SoakNode, plan: TrialPlan, { order, nodes }: Run): Promise<TrialEnd> {
  const begun = performance.now();
  try {
    if (plan.kind === "kill") return await runKill(node, plan, order);
    return isAlone(plan) ? await runFetchFault(node, nodes) : await runFault(node, plan, order);
  } catch (error) {
    return {
      systems: { from: "", to: "" },
      shot: null,
      verdict: { end: "half", ok: false, wrong: [errorChain(error).slice(0, 1000)] },
      facts: null,
      ms: Math.round(performance.now() - begun),
    };
  }
}

/** At rest on a good system that the next order can leave, with a supervisor that has not begun to wait longer before each start. */
async function makeReady(node: SoakNode, last: LedgerLine, next: TrialPlan): Promise<void> {
  const { host } = node;
  if (await isToBeReset(node, last, next)) await node.reset();
  else if (last.scope === "agent" && last.hit) {
    await host.runChecked(["systemctl", "restart", "chimera-sentinel.service"]);
  }
  await waitUntil(`${host.name} at rest`, () => isAtRest(node), { timeoutMs: 300_000, everyMs: 100 });
}

/** A reset of a VM takes as long as a trial: only what would spoil the next trial is put right. */
async function isToBeReset(node: SoakNode, { ok, end, mode }: LedgerLine, next: TrialPlan): Promise<boolean> {
  if (!ok || end === "halted") return true;
  // Good as it is, a fault made it fail.
  if (mode === "faults" && end === "old") return true;
  const { current, quarantine } = await readFacts(node.host);
  if (current !== node.toplevelOf("a") && current !== node.toplevelOf("b")) return true;
  return quarantine.length > 0 && (next.kind === "fault" || isDenied(node, quarantine, { next, current }));
}

/** A system that failed is not taken a second time. */
function isDenied(
  node: SoakNode,
  quarantine: readonly string[],
  { next, current }: { next: Extract<TrialPlan, { kind: "kill" }>; current: string },
): boolean {
  const { order } = scenarios[next.scenario];
  return order === "looping-journal" || quarantine.includes(orderedSystem(node, order, current));
}

async function isAtRest({ host }: SoakNode): Promise<boolean> {
  const { agents, atRest } = await readFacts(host);
  return agents.length === 1 && agents[0] === atRest;
}
