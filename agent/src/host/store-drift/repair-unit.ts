/**
 * SHELL. Nix's repair runs in a transient unit of its own: between the old path's end and the new one's there is none, and an agent
 * that is restarted in that moment must not end it. Nix makes a read-only store writable for itself, in a mount namespace of its own.
 */
import { readFileSync } from "node:fs";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { attempt } from "../errno-outcome.ts";
import { run, toolEnvironment } from "../run.ts";
import { readUnitState } from "../systemd/systemd.ts";

const unit = "chimera-repair.service";
const repairSeconds = 3600;

export async function isRepairRunning(): Promise<boolean> {
  const state = await readUnitState(unit);
  return state !== null && (state.active === "active" || state.active === "activating");
}

/** Null when it ended well, else its last words. */
export async function runRepairUnit(argv: readonly string[], log: string): Promise<string | null> {
  try {
    const { exitCode, stderr } = await run("systemd-run", unitArguments(argv, log), {
      timeoutMs: (repairSeconds + 60) * 1000,
    });
    if (exitCode === 0) return null;
    const said = attempt(() => readFileSync(log, "utf8").trim().slice(-1000));
    return (said.kind === "done" && said.value) || stderr.trim() || `ended with ${exitCode ?? "a signal"}`;
  } catch (error) {
    if (error instanceof ChimeraError) return errorChain(error);
    throw error;
  }
}

function unitArguments(argv: readonly string[], log: string): string[] {
  const properties = [
    `RuntimeMaxSec=${repairSeconds}`,
    "WorkingDirectory=/",
    "StandardOutput=null",
    `StandardError=append:${log}`,
  ];
  return [
    "--quiet",
    "--no-ask-password",
    "--wait",
    "--collect",
    `--unit=${unit}`,
    "--service-type=exec",
    "--description=Chimera: repair of a store path",
    ...properties.map((property) => `--property=${property}`),
    ...Object.entries(toolEnvironment()).map(([name, value]) => `--setenv=${name}=${value}`),
    "--",
    ...argv,
  ];
}
