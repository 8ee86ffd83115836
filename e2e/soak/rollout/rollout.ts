// SHELL. Soak `rollout`: a fleet moves in waves, and something dies, lies or comes between at a chosen moment. Whatever happens, it
// must come to rest on one effective world, known of every node, and reported.
import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { downOnInterrupt } from "../../lab/down-on-interrupt.ts";
import { downUnlessInUse } from "../../lab/down.ts";
import { reporter, type Report } from "../../lab/report.ts";
import { keepEvidence } from "./keep-evidence.ts";
import { commitNow } from "../commit-now.ts";
import { appendLine, readLedger, rolloutLedger } from "../ledger/ledger-file.ts";
import { RolloutLine } from "./ledger-line.ts";
import { deployAll, pardonUsual } from "./make-ready.ts";
import { nextRollout, RolloutOptions, rolloutUsage } from "./options.ts";
import { labelNow, runTrial } from "./run-trial.ts";
import { labels, startSoakFleet, type SoakFleet } from "./soak-fleet.ts";
import { planRollout, type TrialId } from "./trial-plan.ts";

/** True: every trial ended as it may. */
export async function rollout(values: object): Promise<boolean> {
  const parsed = RolloutOptions.safeParse(values);
  if (!parsed.success) throw new ChimeraError("usage", rolloutUsage, { cause: parsed.error });
  const options = parsed.data;
  const report = reporter();
  const ledger = options.ledger === undefined ? rolloutLedger : resolve(options.ledger);
  const seed = options.replay?.seed ?? options.seed ?? randomInt(2 ** 31);
  const lines = await readLedger(ledger, RolloutLine);
  const next = nextRollout({ ...options, seed, lines, nowMs: () => performance.now() });
  downOnInterrupt(report);
  try {
    const soak = await startSoakFleet(report);
    await deployAll(soak, labels[0]);
    report("a world is committed on every node");
    const { trials, failed } = await runTrials(soak, { next, ledger, report });
    await soak.store.close();
    report(`${trials} trials, ${failed} failed; seed ${seed}`);
    return failed === 0;
  } finally {
    await downUnlessInUse(report);
  }
}

interface Run {
  next: () => TrialId | undefined;
  ledger: string;
  report: Report;
}

async function runTrials(soak: SoakFleet, { next, ledger, report }: Run) {
  const commit = await commitNow();
  const tally = { trials: 0, failed: 0 };
  for (let id = next(); id !== undefined; id = next()) {
    await pardonUsual(soak);
    const end = await runTrial(soak, planRollout(id), await labelNow(soak));
    const made = { commit, at: new Date().toISOString(), ...id, nodes: soak.nodes.length };
    const line: RolloutLine = { soak: "rollout", ...made, ...end };
    await appendLine(ledger, line);
    report(describe(line));
    tally.trials += 1;
    if (line.ok) continue;
    tally.failed += 1;
    report(`kept ${await keepEvidence(soak, line)}`);
    await mend(soak, line.systems.from === "a" ? "b" : "a");
  }
  return tally;
}

/** Everybody on, and on another world than before the trial that failed. */
async function mend(soak: SoakFleet, label: string): Promise<void> {
  for (const host of soak.nodes) if (!(await host.isOn())) await host.boot();
  await pardonUsual(soak);
  await deployAll(soak, label);
}

function describe({ ok, trial, fault, moment, hit, end, operator, ms, wrong }: RolloutLine): string {
  const word = ok ? "ok    " : "FAILED";
  const when = hit ? moment : `${moment}, which did not come`;
  const person = operator === "nothing" ? "" : `, ${operator} by the operator`;
  return `${word} ${trial} ${fault}; ${when} -> ${end}${person} (${ms} ms)${ok ? "" : `: ${wrong.join("; ")}`}`;
}
