// SHELL. Writes docs/faults.md from the committed ledger.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { activationLedger, readLedger } from "../ledger-file.ts";
import { printFaults } from "./print-faults.ts";

export const faultsPage = join(import.meta.dirname, "../../../../docs/faults.md");

export async function writeFaults(): Promise<void> {
  await writeFile(faultsPage, printFaults(await readLedger(activationLedger)));
}
