/**
 * SHELL. Whether the agent that a system brings would start here. The old agent leaves when the new system is
 * committed: one that refuses its configuration would leave the node to nobody, for ever.
 */
import { existsSync, readFileSync } from "node:fs";
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import { isActiveAgent } from "./agent-path.ts";
import { run } from "../run.ts";

/** The agent that asks, and what it was started with. */
export interface RunningAgent {
  ownPath: StorePath | null;
  configFile: string;
}

/**
 * Asked about the configuration that it will have, which lies in its own closure. The very agent that runs here, with
 * the very same configuration, need not be asked. Throws activation-failed with the agent's own words. A system without an
 * agent has none that could fail.
 */
export async function checkAgent(toplevel: string, running: RunningAgent): Promise<void> {
  const program = `${toplevel}/sw/bin/chimera-agent`;
  if (!existsSync(program)) return;
  const brought = `${toplevel}/etc/chimera/agent.json`;
  const config = existsSync(brought) ? brought : running.configFile;
  if (isSame(program, config, running)) return;
  const { exitCode, stderr } = await run(program, ["check", "--config", config], { timeoutMs: 60_000 });
  // An agent that is too old to know the question.
  if (exitCode === 0 || exitCode === errorCodes.usage.exit) return;
  throw new ChimeraError("activation-failed", "the new system's agent would not start", {
    cause: new Error(stderr.trim().slice(-1000) || `it ended with ${exitCode ?? "a signal"}`),
  });
}

function isSame(program: string, config: string, { ownPath, configFile }: RunningAgent): boolean {
  if (ownPath === null || !isActiveAgent(ownPath, program) || !existsSync(configFile)) return false;
  return readFileSync(config, "utf8") === readFileSync(configFile, "utf8");
}
