/**
 * SHELL. A repair runs in a transient unit of its own: an agent that is restarted meanwhile must not end it half-way. The unit has its own
 * namespace of mounts, in which alone a store that is mounted read-only becomes writable.
 */
import { readFileSync } from "node:fs";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { attempt } from "../../errno-outcome.ts";
import { run, toolEnvironment } from "../../run.ts";
import { readUnitState } from "../../systemd/systemd.ts";

const unit = "chimera-repair.service";

export async function isRepairRunning(): Promise<boolean> {
  const state = await readUnitState(unit);
  return state !== null && (state.active === "active" || state.active === "activating");
}

export interface UnitRun {
  argv: readonly string[];
  log: string;
  seconds: number;
}

export interface UnitEnd {
  /** Null when a signal ended it, or nothing could be started. */
  exitCode: number | null;
  lastWords: string;
}

const leastSeconds = 300;
/** Of a disk that is slow and has other things to do. */
const bytesPerSecond = 1 << 20;

/** Longer than this none takes; what is cut off then begins anew. */
export function repairSeconds(narSize: number): number {
  return leastSeconds + Math.ceil(narSize / bytesPerSecond);
}

export async function runRepairUnit({ argv, log, seconds }: UnitRun): Promise<UnitEnd> {
  try {
    const args = repairUnitArguments({ argv, log, seconds });
    const { exitCode, stderr } = await run("systemd-run", args, { timeoutMs: (seconds + 60) * 1000 });
    const said = attempt(() => readFileSync(log, "utf8").trim().slice(-1000));
    const words = (said.kind === "done" && said.value) || stderr.trim();
    return { exitCode, lastWords: words || `it ended with ${exitCode ?? "a signal"}` };
  } catch (error) {
    if (error instanceof ChimeraError) return { exitCode: null, lastWords: errorChain(error) };
    throw error;
  }
}

function repairUnitArguments({ argv, log, seconds }: UnitRun): string[] {
  const properties = [
    `RuntimeMaxSec=${seconds}`,
    "PrivateMounts=yes",
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
