/** SHELL. systemd's view of the machine: its state word and the units that fail. */
import { z } from "zod";
import type { UnitsFact } from "../reconcile/decision.ts";
import { run } from "./run.ts";

const UnitList = z.array(z.object({ unit: z.string() }));

/** Our own transient units are judged by their exit codes, not as part of the system. */
const own = /^chimera-(activate|boot|revert|revert-boot)-\d/;

/** Null when systemd does not answer: no answer is neither health nor failure. */
export async function readUnits(): Promise<UnitsFact | null> {
  const list = ["list-units", "--state=failed,auto-restart", "--output=json", "--no-pager"];
  const [state, units] = await Promise.all([
    run("systemctl", ["is-system-running"], { timeoutMs: 10_000 }),
    run("systemctl", list, { timeoutMs: 10_000 }),
  ]);
  const word = state.stdout.trim();
  if (word === "" || units.exitCode !== 0) return null;
  return { state: word.slice(0, 32), failing: parseUnitList(units.stdout) };
}

export function parseUnitList(json: string): string[] {
  return UnitList.parse(JSON.parse(json))
    .map(({ unit }) => unit.slice(0, 256))
    .filter((unit) => !own.test(unit));
}
