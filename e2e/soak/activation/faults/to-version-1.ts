// SHELL. A journal as the first version of the agent would have written it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const golden = join(import.meta.dirname, "../../../../agent/src/reconcile/golden/journal-v1-first.json");

/** The golden file of that version says what a journal of it holds. */
export async function keysOfVersion1(): Promise<Set<string>> {
  return new Set(Object.keys(z.looseObject({}).parse(JSON.parse(await readFile(golden, "utf8")))));
}

export function toVersion1(text: string, known: ReadonlySet<string>): string {
  const journal = z.looseObject({}).parse(JSON.parse(text));
  const kept = Object.entries(journal).filter(([key]) => known.has(key));
  return JSON.stringify({ ...Object.fromEntries(kept), v: 1 });
}
