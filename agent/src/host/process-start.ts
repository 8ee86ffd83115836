/** SHELL. When a process began, by which one that has its number later is told from it. */
import { readFileSync } from "node:fs";
import { attempt } from "./errno-outcome.ts";

/** In clock ticks since the machine's boot; null where there is no such process. */
export function processStart(pid: number): string | null {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (stat.kind === "failed") return null;
  // The name in parentheses may contain spaces; field 22 is the 20th after it.
  return stat.value.slice(stat.value.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}
