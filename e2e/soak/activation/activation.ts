// SHELL. Soak `activation`: orders on real nodes, and something dies or breaks at a chosen or random moment. Whatever happens, a
// node must come to rest on one of two systems by itself, whole.
import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { downOnInterrupt } from "../../lab/down-on-interrupt.ts";
import { downUnlessInUse } from "../../lab/down.ts";
import { reporter } from "../../lab/report.ts";
import { commitNow } from "../commit-now.ts";
import { activationLedger, readLedger } from "../ledger/ledger-file.ts";
import { LedgerLine } from "./ledger-line.ts";
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
  const choice = {
    ...options,
    seed,
    lines: await readLedger(ledger, LedgerLine),
    nowMs: () => performance.now(),
  };
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
