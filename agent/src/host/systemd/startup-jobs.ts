/**
 * SHELL. A boot that waits only for our own gate has started everything else. The gate waits for the system's proof, and
 * the proof for a system that is up: without this they would wait for each other.
 */
import { run } from "../run.ts";

/** What stands behind the gate: the mark of a complete boot, and the loader's blessing. */
const behindGate: ReadonlySet<string> = new Set([
  "chimera-gate.service",
  "boot-complete.target",
  "systemd-bless-boot.service",
]);

/** The machine's state word, where `starting` means that something else than the gate is still being started. */
export async function stateBesideGate(state: string): Promise<string> {
  if (state !== "starting") return state;
  const { exitCode, stdout } = await run("systemctl", ["list-jobs", "--no-legend", "--plain"], {
    timeoutMs: 10_000,
  });
  return exitCode === 0 && isGateAlone(stdout) ? "running" : state;
}

/** Lines of "job unit type state". Without any job at all the state word is the newer fact. */
export function isGateAlone(listed: string): boolean {
  const units = listed
    .split("\n")
    .map((line) => line.trim().split(/\s+/)[1])
    .filter((unit) => unit !== undefined);
  return units.includes("chimera-gate.service") && units.every((unit) => behindGate.has(unit));
}
