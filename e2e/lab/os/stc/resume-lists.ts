// SHELL: the lists in /run/nixos that let an interrupted switch be finished by the next one.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { SwitchPlan } from "./plan-switch.ts";

const FOLDER = "/run/nixos";
const LISTS = ["start", "restart", "reload"] as const;

type ListName = (typeof LISTS)[number];

/** Adds what an interrupted switch had still to do. */
export function resumeInto(plan: SwitchPlan): void {
  for (const list of LISTS) for (const unit of readList(list)) plan[list].add(unit);
}

/** Written before anything is stopped: from here on a killed switch leaves a note of what is owed. */
export function recordLists(plan: SwitchPlan): void {
  for (const list of LISTS) {
    // Targets are started again on every switch anyhow.
    const units = [...plan[list]].filter((unit) => !plan.quiet.has(unit));
    if (units.length > 0) writeFileSync(listFile(list), `${units.join("\n")}\n`);
    else forgetList(list);
  }
}

export function forgetList(list: ListName): void {
  rmSync(listFile(list), { force: true });
}

function readList(list: ListName): string[] {
  const file = listFile(list);
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").filter(Boolean);
}

function listFile(list: ListName): string {
  return `${FOLDER}/${list}-list`;
}
