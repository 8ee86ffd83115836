/**
 * SHELL. Whether the agent that a system brings would start here. The old agent leaves when the new system is
 * committed: one that refuses its configuration would leave the node to nobody, for ever.
 */
import { existsSync } from "node:fs";
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import { run } from "./run.ts";

/** Throws activation-failed with the agent's own words. A system without an agent has none that could fail. */
export async function checkAgent(toplevel: string, configFile: string): Promise<void> {
  const program = `${toplevel}/sw/bin/chimera-agent`;
  if (!existsSync(program)) return;
  const { exitCode, stderr } = await run(program, ["check", "--config", configFile], { timeoutMs: 60_000 });
  // An agent that is too old to know the question.
  if (exitCode === 0 || exitCode === errorCodes.usage.exit) return;
  throw new ChimeraError("activation-failed", "the new system's agent would not start", {
    cause: new Error(stderr.trim().slice(-1000) || `it ended with ${exitCode ?? "a signal"}`),
  });
}
