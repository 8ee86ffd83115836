/**
 * SHELL. Check `unit`: it is active. One that reloads is active meanwhile, as for `systemctl is-active`; one that starts
 * is not: what it may take is the check's grace, or its failures in a row.
 */
import { readUnitState } from "../systemd/systemd.ts";
import { failed, passed } from "../../reconcile/checks/check-outcome.ts";
import type { CheckRun } from "./check-run.ts";

const up: ReadonlySet<string> = new Set(["active", "reloading", "refreshing"]);

export function createUnitCheck(unit: string, socket?: string): CheckRun {
  return async () => {
    const state = await readUnitState(unit, socket);
    if (state === null) return failed(`systemd did not say how ${unit} is`);
    if (state.load === "not-found") return failed(`${unit} does not exist`);
    const words = `${unit} is ${state.active} (${state.sub})`;
    return up.has(state.active) ? passed(words) : failed(words);
  };
}
