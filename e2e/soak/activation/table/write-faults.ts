// SHELL. Writes docs/faults.md from the committed ledger.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { activationLedger, readLedger } from "../ledger-file.ts";
import { printFaults, type Findings } from "./print-faults.ts";

export const faultsPage = join(import.meta.dirname, "../../../../docs/faults.md");

const findingsFile = join(import.meta.dirname, "../../../ledger/activation-findings.json");

export async function readFindings(): Promise<Findings> {
  return z
    .record(z.string().regex(/^\d+:\d+$/), z.string())
    .parse(JSON.parse(await readFile(findingsFile, "utf8")));
}

export async function writeFaults(): Promise<void> {
  await writeFile(faultsPage, printFaults(await readLedger(activationLedger), await readFindings()));
}
