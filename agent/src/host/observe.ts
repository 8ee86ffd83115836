/** SHELL. One look at the machine, no dearer than the journal's step needs. */
import type { StorePath } from "@chimera/proto/names";
import type { FetchFact, Needs, Observed, UnitFact } from "../reconcile/decision.ts";
import { readActivationUnit } from "./activation-unit.ts";
import { bootId, uptimeMs } from "./boot-clock.ts";
import { compareInhibitors } from "./inhibitors.ts";
import { readPointers } from "./system-pointers.ts";
import { readUnits } from "./systemd.ts";

export interface Observer {
  stateDir: string;
  fetch: () => FetchFact;
}

export async function observe(needs: Needs, observer: Observer): Promise<Observed> {
  const [unit, units] = await Promise.all([
    lookAtUnit(needs.unit, observer.stateDir),
    needs.units ? readUnits() : Promise.resolve(null),
  ]);
  // Pointers last: a unit seen as ended has moved them before.
  const system = readPointers();
  return {
    at: new Date().toISOString(),
    uptimeMs: uptimeMs(),
    bootId: bootId(),
    system,
    fetch: observer.fetch(),
    unit,
    units,
    inhibitors: inhibitorsBetween(system.current, needs.inhibitorsOf),
    contact: null,
  };
}

function lookAtUnit(name: string | null, stateDir: string): Promise<UnitFact | null> {
  return name === null ? Promise.resolve({ kind: "absent" }) : readActivationUnit(name, stateDir);
}

function inhibitorsBetween(current: StorePath | null, wanted: StorePath | null): string[] | null {
  return current === null || wanted === null ? null : compareInhibitors(current, wanted);
}
