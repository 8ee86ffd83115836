// SHELL. Waits until the fleet is where its documents say, and says so; does what an operator would where it is paused.
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { RolloutLine } from "./ledger-line.ts";
import { wrongNodes, wrongReport, type FleetFacts } from "./judge.ts";
import { readFleet } from "./read-fleet.ts";
import type { SoakFleet } from "./soak-fleet.ts";

export interface Rest {
  /** Null where nobody could be asked. */
  facts: FleetFacts | null;
  /** Empty: at rest, and reported. */
  wrong: string[];
  operator: RolloutLine["operator"];
}

export interface Waiting {
  timeoutMs: number;
  /** Whether what was done to the fleet has ended: an operator does nothing before. */
  isOver: () => boolean;
  /** What an operator did in an earlier wait. */
  operator: RolloutLine["operator"];
}

const everyMs = 1_000;
/** A pause that lasts so long is one that a person ends. */
const pauseMs = 4_000;

export async function waitRest(soak: SoakFleet, waiting: Waiting): Promise<Rest> {
  const deadline = performance.now() + waiting.timeoutMs;
  let { operator } = waiting;
  let pausedMs: number | null = null;
  for (;;) {
    const { facts, wrong } = await look(soak);
    const now = performance.now();
    if ((wrong.length === 0 && waiting.isOver()) || now > deadline) return { facts, wrong, operator };
    pausedMs = isPaused(facts) && waiting.isOver() ? (pausedMs ?? now) : null;
    if (pausedMs !== null && now - pausedMs > pauseMs) {
      operator = await act(soak, operator);
      pausedMs = null;
    }
    await sleep(everyMs);
  }
}

function isPaused(facts: FleetFacts | null): boolean {
  return facts?.effective.kind === "head" && facts.effective.paused !== null;
}

async function look(soak: SoakFleet): Promise<{ facts: FleetFacts | null; wrong: string[] }> {
  try {
    const facts = await readFleet(soak);
    const wrong = wrongNodes(facts);
    return { facts, wrong: wrong.length > 0 ? wrong : wrongReport(facts) };
  } catch (error) {
    // The hub is off, or on its way up.
    return { facts: null, wrong: [errorChain(error).slice(0, 500)] };
  }
}

/** Goes on once where nobody has failed; else takes it all back. */
async function act(soak: SoakFleet, before: RolloutLine["operator"]): Promise<RolloutLine["operator"]> {
  const { rollout } = await soak.view();
  const isResumed = before === "nothing" && (rollout?.failedCount ?? 0) === 0;
  const { code, stderr } = isResumed
    ? await soak.operator.run(["rollout", "resume"])
    : await soak.operator.run(["rollback", "--no-follow", "--probation", "2"]);
  if (code !== 0) throw new ChimeraError("rollout-failed", `what the operator does exits ${code}: ${stderr}`);
  return isResumed ? "resumed" : "rolled back";
}
