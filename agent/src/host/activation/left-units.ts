/**
 * SHELL. What is found at an agent's start and nobody else would clear away: units that ended while no agent could collect
 * them, since one was killed between its journal, which names the unit no more, and the collection; and a dead-man whose
 * journal was lost.
 */
import type { Journal } from "../../reconcile/journal.ts";
import { run } from "../run.ts";
import { collectActivationUnit } from "./activation-unit.ts";
import { disarmDeadMan } from "./dead-man.ts";

const actions = ["activate", "boot", "entry", "drain", "undrain", "revert"];
const patterns = actions.map((name) => `chimera-${name}-*.service`);

/** @param journal as it was found */
export async function clearLeftovers(journal: Journal | null, stateDir: string): Promise<void> {
  if (journal === null) await disarmDeadMan();
  const names = [journal?.unit?.name, journal?.drained?.left].filter((name) => typeof name === "string");
  await collectLeftUnits(names, stateDir);
}

/** @param kept the units whose end the journal still waits for */
async function collectLeftUnits(kept: readonly string[], stateDir: string): Promise<void> {
  const args = ["list-units", "--all", "--plain", "--no-legend", "--no-pager", "--full", ...patterns];
  const { exitCode, stdout } = await run("systemctl", args, { timeoutMs: 10_000 });
  if (exitCode !== 0) return;
  for (const name of endedUnits(stdout)) {
    if (!kept.includes(name)) await collectActivationUnit(name, stateDir);
  }
}

/** PURE. Names without their suffix. What runs is not ours to end, and what ends from now on is the loop's. */
export function endedUnits(listing: string): string[] {
  return listing.split("\n").flatMap((line) => {
    const [unit, , active, sub] = line.trim().split(/\s+/);
    const isEnded = active === "failed" || (active === "active" && sub === "exited");
    return isEnded && unit?.endsWith(".service") === true ? [unit.slice(0, -".service".length)] : [];
  });
}
