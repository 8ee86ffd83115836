/** PURE. Tests only: the random machine as an agent sees it. */
import type { StorePath } from "@chimera/proto/names";
import type { Needs, Observed, UnitFact } from "../decision.ts";
import { clear } from "./machine-model.ts";
import { isIn, type Machine } from "./random-machine.ts";

/** As the agent looks: only what the step needs. */
export function lookAt(machine: Machine, needs: Needs): Observed {
  const { real, fate, timer } = machine;
  const { current } = real.system;
  return {
    ...real,
    system: { ...real.system, bootDefault: fate.loader === "none" ? null : real.system.bootDefault },
    unit: unitOf(machine, needs.unit),
    units: needs.units ? unitsOf(isIn(fate.unhealthy, current)) : null,
    contact: needs.contact ? !isIn(fate.silent, current) : null,
    deadManArmed: needs.deadMan === null ? null : timer?.unit === needs.deadMan,
    preflight: needs.preflightTo === null ? null : preflightOf(machine, needs.preflightTo),
    bootEntry: entryOf(machine, needs.bootEntryOf),
  };
}

function unitsOf(isUnhealthy: boolean): Observed["units"] {
  return isUnhealthy ? { state: "degraded", failing: ["web.service"] } : { state: "running", failing: [] };
}

function preflightOf({ fate, real, running }: Machine, wanted: StorePath): Observed["preflight"] {
  const { booted, current } = real.system;
  const isOtherKernel = isIn(fate.kernels, booted) !== fate.kernels.has(wanted);
  return {
    ...clear,
    switchLock: running === null ? null : "a switch runs",
    kernel: isOtherKernel ? "another kernel" : null,
    isInitChanged: isIn(fate.inits, current) !== fate.inits.has(wanted),
    loader: fate.loader,
  };
}

function unitOf({ units }: Machine, name: string | null): UnitFact {
  return (name === null ? undefined : units.get(name)) ?? { kind: "absent" };
}

function entryOf({ entries }: Machine, wanted: StorePath | null): string | null {
  return isIn(entries, wanted) ? `entry-${wanted?.at(-1) ?? ""}.conf` : null;
}
