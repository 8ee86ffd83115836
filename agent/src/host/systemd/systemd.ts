/** SHELL. systemd's view of the machine: its state word and the units that fail. */
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import type { UnitsFact } from "../../reconcile/decision.ts";
import { run } from "../run.ts";
import { stateBesideGate } from "./startup-jobs.ts";
import { askSystemd, askUnit, type UnitState } from "./systemd-bus.ts";

const UnitList = z.array(z.object({ unit: z.string() }));

/** Failing: failed for good, or in the pause between two restarts. */
const failing = ["failed", "auto-restart"];

/** Our own transient units are judged by their exit codes, not as part of the system. */
const own = /^chimera-((activate|boot|revert|revert-boot|entry|dead-man|rollout)-\d|session-)/;

/** Null when systemd does not answer: no answer is neither health nor failure. */
export async function readUnits(): Promise<UnitsFact | null> {
  const units = (await readUnitsQuietly()) ?? (await readUnitsByTool());
  return units === null ? null : { ...units, state: await stateBesideGate(units.state) };
}

/** Starts no process; null when the private socket does not answer. */
export async function readUnitsQuietly(): Promise<UnitsFact | null> {
  const answer = await orNull(askSystemd(failing));
  return answer === null ? null : { state: answer.state.slice(0, 32), failing: ofTheSystem(answer.units) };
}

/** Named with its suffix. Starts no process; null when the private socket does not answer. */
export function readUnitState(unit: string, socket?: string): Promise<UnitState | null> {
  return orNull(askUnit(unit, socket));
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}

/** The socket's format is systemd's own affair: should it change, its own tool still knows. */
async function readUnitsByTool(): Promise<UnitsFact | null> {
  const list = ["list-units", `--state=${failing.join(",")}`, "--output=json", "--no-pager"];
  const [state, units] = await Promise.all([
    run("systemctl", ["is-system-running"], { timeoutMs: 10_000 }),
    run("systemctl", list, { timeoutMs: 10_000 }),
  ]);
  const word = state.stdout.trim();
  if (word === "" || units.exitCode !== 0) return null;
  return { state: word.slice(0, 32), failing: parseUnitList(units.stdout) };
}

export function parseUnitList(json: string): string[] {
  return ofTheSystem(UnitList.parse(JSON.parse(json)).map(({ unit }) => unit));
}

function ofTheSystem(units: readonly string[]): string[] {
  return units.map((unit) => unit.slice(0, 256)).filter((unit) => !own.test(unit));
}
