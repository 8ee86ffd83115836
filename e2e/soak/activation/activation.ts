// SHELL. Soak `activation`: orders on real nodes, and something dies or breaks at a chosen or random moment. Whatever happens, a
// node must come to rest on one of two systems by itself, whole.
import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import { execa } from "execa";
import { ChimeraError } from "@chimera/proto/errors";
import { downOnInterrupt } from "../../lab/down-on-interrupt.ts";
import { downUnlessInUse } from "../../lab/down.ts";
import { reporter } from "../../lab/report.ts";
import { activationLedger, readLedger } from "./ledger-file.ts";
import { activationUsage, ActivationOptions } from "./options.ts";
import { orderLocally } from "./order-locally.ts";
import { runTrials } from "./run-trials.ts";
import { startSoakNodes } from "./soak-nodes.ts";
import { machineOf, nextOf } from "./next-trial.ts";

const usualNodes = { container: 4, vm: 2 };

/** True: every trial ended as it may. */
export async function activation(values: object): Promise<boolean> {
  const parsed = ActivationOptions.safeParse(values);
  if (!parsed.success) throw new ChimeraError("usage", activationUsage, { cause: parsed.error });
  const options = parsed.data;
  const report = reporter();
  const ledger = options.ledger === undefined ? activationLedger : resolve(options.ledger);
  const seed = options.replay?.seed ?? options.seed ?? randomInt(2 ** 31);
  const choice = { ...options, seed, lines: await readLedger(ledger), nowMs: () => performance.now() };
  const machine = machineOf(choice);
  const commit = await commitNow();
  downOnInterrupt(report);
  try {
    const count = options.nodes ?? usualNodes[machine];
    const nodes = await startSoakNodes({ count, machine, report });
    const tally = await runTrials({
      nodes,
      order: orderLocally,
      next: nextOf(choice),
      commit,
      ledger,
      report,
    });
    report(`${tally.trials} trials, ${tally.failed} failed; seed ${seed}`);
    return tally.failed === 0;
  } finally {
    await downUnlessInUse(report);
  }
}

/** With a mark where the files differ from it. */
async function commitNow(): Promise<string> {
  const cwd = import.meta.dirname;
  const { stdout: commit } = await execa("git", ["rev-parse", "--short", "HEAD"], { cwd });
  const { stdout: changed } = await execa("git", ["status", "--porcelain", "--untracked-files=no"], { cwd });
  const isChanged = changed.split("\n").some((line) => line !== "" && !line.endsWith(".jsonl"));
  return isChanged ? `${commit}+` : commit;
}
