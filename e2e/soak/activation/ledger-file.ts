// SHELL. The ledger on disk: a line is appended as soon as its trial is over.
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { LedgerLine } from "./ledger-line.ts";

export const activationLedger = join(import.meta.dirname, "../../ledger/activation.jsonl");

export async function appendLine(file: string, line: LedgerLine): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await appendFile(file, `${JSON.stringify(line)}\n`);
}

/** All lines; one that is none of ours is an error that names it. */
export async function readLedger(file: string): Promise<LedgerLine[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").flatMap((line, index) => {
    if (line === "") return [];
    const parsed = LedgerLine.safeParse(JSON.parse(line));
    if (parsed.success) return [parsed.data];
    throw new ChimeraError("input-invalid", `${file}, line ${index + 1}`, { cause: parsed.error });
  });
}
