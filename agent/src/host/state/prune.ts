/** SHELL. At an order's end: what it left behind and nobody needs any more. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../errno-outcome.ts";

/** Journals that were set aside are evidence, but not for ever. */
const keptAside = 8;

export function pruneOrder({ stateDir, runtimeDir }: { stateDir: string; runtimeDir: string }): void {
  for (const name of listOf(runtimeDir).filter((one) => /^chimera-dead-man-.*\.sh$/.test(one))) {
    rmSync(join(runtimeDir, name), { force: true });
  }
  const aside = listOf(stateDir)
    .filter((name) => /^journal\.json\.(?:corrupt|newer)-\d+$/.test(name))
    .toSorted((a, b) => timeOf(b) - timeOf(a));
  for (const name of aside.slice(keptAside)) rmSync(join(stateDir, name), { force: true });
}

function timeOf(name: string): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}

function listOf(folder: string): string[] {
  const found = attempt(() => readdirSync(folder));
  return found.kind === "failed" ? [] : found.value;
}
