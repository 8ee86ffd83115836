// SHELL. Ledgers on disk: a line is appended as soon as its trial is over, and never changed.
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";

const folder = join(import.meta.dirname, "../../ledger");
export const activationLedger = join(folder, "activation.jsonl");
export const rolloutLedger = join(folder, "rollout.jsonl");
export const oracleLedger = join(folder, "plan-oracle.jsonl");

/** What became of a failed trial, by "seed:trial". */
export type Findings = Readonly<Record<string, string>>;

export async function appendLine(file: string, line: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await appendFile(file, `${JSON.stringify(line)}\n`);
}

/** All lines; one that is none of the schema is an error that names it. */
export async function readLedger<T>(file: string, schema: z.ZodType<T>): Promise<T[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").flatMap((line, index) => {
    if (line === "") return [];
    const parsed = schema.safeParse(JSON.parse(line));
    if (parsed.success) return [parsed.data];
    throw new ChimeraError("input-invalid", `${file}, line ${index + 1}`, { cause: parsed.error });
  });
}

export async function readFindings(soak: "activation" | "rollout"): Promise<Findings> {
  const text = await readFile(join(folder, `${soak}-findings.json`), "utf8");
  return z.record(z.string().regex(/^\d+:\d+$/), z.string()).parse(JSON.parse(text));
}
