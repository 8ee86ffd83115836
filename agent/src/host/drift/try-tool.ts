/** SHELL. A tool that a system may not have: its absence is an answer. */
import { ChimeraError } from "@chimera/proto/errors";
import { run, type RunOptions, type RunResult } from "../run.ts";

/** `null` when it is not installed. */
export async function tryTool(
  file: string,
  args: readonly string[],
  limits: number | RunOptions,
): Promise<RunResult | null> {
  try {
    return await run(file, args, typeof limits === "number" ? { timeoutMs: limits } : limits);
  } catch (error) {
    if (error instanceof ChimeraError && error.code === "tool-missing") return null;
    throw error;
  }
}
