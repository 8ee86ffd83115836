/** SHELL. Check `command`: the program ends with 0. Why it did not is the last line that it wrote to stderr. */
import { failed, passed } from "../../reconcile/checks/check-outcome.ts";
import type { CheckRun } from "./check-run.ts";
import { runProgram, type ProgramEnd } from "./run-program.ts";

export function createCommandCheck(argv: readonly string[]): CheckRun {
  return async (signal) => {
    const end = await runProgram(argv, { signal });
    return end.kind === "ended" && end.exitCode === 0 ? passed("ended with 0") : failed(describeEnd(end));
  };
}

export function describeEnd(end: ProgramEnd): string {
  if (end.kind === "not-started") return `could not be started: ${end.reason}`;
  const how = `ended with ${end.exitCode ?? end.signal ?? "a signal"}`;
  return end.lastLine === "" ? how : `${how}: ${end.lastLine}`;
}
