// SHELL. One trial: a rollout in waves, a fault at a moment of it, and where the fleet then comes to rest.
import { setTimeout as sleep } from "node:timers/promises";
import { errorChain } from "@chimera/proto/errors";
import type { HostRunResult } from "../../lab/host/host-run.ts";
import { disturb } from "./deeds.ts";
import { wrongEnd } from "./judge.ts";
import type { RolloutLine } from "./ledger-line.ts";
import { effectiveOf, phaseOf } from "./read-fleet.ts";
import { endsOf, rolloutFault, type End, type RolloutFault } from "./rollout-faults.ts";
import { hasTaken, prepareFleet } from "./settings.ts";
import { canary, labels, lastNode, waves, type SoakFleet } from "./soak-fleet.ts";
import type { RolloutPlan } from "./trial-plan.ts";
import { waitMoment, type Caught } from "./wait-moment.ts";
import { waitRest, type Rest } from "./wait-rest.ts";

export type TrialEnd = Omit<RolloutLine, "soak" | "commit" | "at" | "seed" | "trial" | "nodes">;

const usualRestMs = 180_000;
const endMs = 10_000;

interface Trial {
  soak: SoakFleet;
  plan: RolloutPlan;
  fault: RolloutFault;
  from: string;
  to: string;
  other: string;
}

/** `from`: the label that every node runs now. One that ends in an error of its own is a failed trial like any other. */
export async function runTrial(soak: SoakFleet, plan: RolloutPlan, from: string): Promise<TrialEnd> {
  const [to = "b", other = "c"] = labels.filter((label) => label !== from);
  const trial: Trial = { soak, plan, fault: rolloutFault(plan.fault), from, to, other };
  const { setting } = trial.fault;
  const begun = performance.now();
  let undo: (() => Promise<unknown>) | null = null;
  try {
    undo = setting === undefined ? null : await prepareFleet(setting, soak);
    return await tried(trial);
  } catch (error) {
    return broken(trial, error, Math.round(performance.now() - begun));
  } finally {
    await undo?.();
  }
}

function broken({ plan, from, to }: Trial, error: unknown, ms: number): TrialEnd {
  return {
    ...plan,
    hit: false,
    lead: null,
    systems: { from, to },
    phase: null,
    end: "half",
    operator: "nothing",
    deployCode: null,
    ok: false,
    wrong: [errorChain(error).slice(0, 1000)],
    ms,
  };
}

async function tried(trial: Trial): Promise<TrialEnd> {
  const { soak, plan, fault, from, to } = trial;
  const headBefore = (await soak.view()).head?.id ?? null;
  const deployed = begin(trial, await soak.projectOf(to, faultsOf(trial)));
  const asksPause = plan.moment === "paused" && fault.canary === undefined;
  const caught = await waitMoment(soak, { moment: plan.moment, headBefore, asksPause });
  const begun = performance.now();
  const rest = await restAfter(trial, caught);
  const ms = Math.round(performance.now() - begun);
  const end = await endIn(trial, rest);
  const deployCode = await Promise.race([deployed.then(({ code }) => code), sleep(endMs, null)]);
  const wasOver = plan.moment === "committed" && caught.hit;
  const said = {
    end,
    ends: endsOf(fault, plan.moment),
    wasOver,
    operator: rest.operator,
    deployCode,
    misleads: fault.misleads === true,
  };
  const wrong = [...rest.wrong, ...wrongEnd(said)];
  return {
    ...plan,
    hit: caught.hit,
    lead: caught.record?.lead ?? null,
    systems: { from, to },
    phase: phaseOf(await soak.view()),
    end,
    operator: rest.operator,
    deployCode,
    ok: wrong.length === 0,
    wrong: wrong.map((line) => line.slice(0, 500)).slice(0, 20),
    ms,
  };
}

function begin({ soak, fault }: Trial, project: string): Promise<HostRunResult> {
  const args = ["--waves", waves, "--timeout", "150", ...(fault.args ?? [])];
  return soak.operator.run(["deploy", "--file", project, ...args], { timeoutMs: 400_000 });
}

/** A rollout that goes back by itself has a node in its last wave that fails. */
function faultsOf({ fault, plan }: Trial) {
  if (fault.canary !== undefined) return { [canary]: fault.canary };
  return plan.moment === "returned" ? { [lastNode]: "fail-unit" as const } : {};
}

/** Of those that are on, then of all. */
async function restAfter(trial: Trial, caught: Caught): Promise<Rest> {
  const { soak, fault } = trial;
  const timeoutMs = fault.restMs ?? usualRestMs;
  let isOver = false;
  const done = act(trial, caught).finally(() => (isOver = true));
  const first = await waitRest(soak, { timeoutMs, isOver: () => isOver, operator: "nothing" });
  const problem = await done;
  const off = await Promise.all(soak.nodes.map(async (host) => ((await host.isOn()) ? [] : [host])));
  await Promise.all(off.flat().map((host) => host.boot()));
  const rest =
    off.flat().length === 0
      ? first
      : await waitRest(soak, { timeoutMs, isOver: () => true, operator: first.operator });
  const early = rest === first ? [] : first.wrong.map((line) => `without those that were away: ${line}`);
  return { ...rest, wrong: [...problem, ...early, ...rest.wrong] };
}

/** What went wrong in doing it. */
async function act({ soak, fault, from, other }: Trial, { record, first }: Caught): Promise<string[]> {
  if (record === null || first === null) return ["no lead wrote a record"];
  if (!hasTaken(fault.setting, record)) return [`the record is not of ${fault.setting}: ${record.at}`];
  const [before, third] = await Promise.all([soak.projectOf(from), soak.projectOf(other)]);
  try {
    await disturb(fault.deed, { soak, record, first, before, other: third });
    return [];
  } catch (error) {
    return [`it could not be done: ${errorChain(error)}`];
  }
}

async function endIn({ soak, from, to }: Trial, { wrong }: Rest): Promise<End | "half"> {
  if (wrong.length > 0) return "half";
  const label = await labelNow(soak);
  if (label === to) return "new";
  return label === from ? "old" : "other";
}

/** Of the effective world, by the system of its first node. */
export async function labelNow(soak: SoakFleet): Promise<string> {
  const effective = effectiveOf(await soak.view());
  if (effective.kind === "none") return "";
  const [first] = await soak.leaves(effective.world);
  return (first?.toplevel ?? "").replace(/^.*-/, "");
}
