// SHELL. Writes docs/faults.md from the committed ledgers.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LedgerLine } from "../activation/ledger-line.ts";
import { printFaults } from "../activation/table/print-faults.ts";
import { activationLedger, readFindings, readLedger, rolloutLedger } from "../ledger/ledger-file.ts";
import { RolloutLine } from "../rollout/ledger-line.ts";
import { printRollouts } from "../rollout/table/print-rollouts.ts";

const page = join(import.meta.dirname, "../../../docs/faults.md");

/** As it is on disk. */
export function readFaults(): Promise<string> {
  return readFile(page, "utf8");
}

/** As the ledgers give it. */
export async function faultsText(): Promise<string> {
  const activations = await readLedger(activationLedger, LedgerLine);
  const rollouts = await readLedger(rolloutLedger, RolloutLine);
  return [
    "# What happens when something dies or breaks?",
    printFaults(activations, await readFindings("activation")),
    printRollouts(rollouts, await readFindings("rollout")),
  ].join("\n\n");
}

export async function writeFaults(): Promise<void> {
  await writeFile(page, await faultsText());
}
