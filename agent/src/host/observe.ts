/** SHELL. One look at the machine, no dearer than the journal's step needs. */
import type { CheckResult } from "@chimera/proto/health-check";
import type { StorePath } from "@chimera/proto/names";
import type { FetchFact, Needs, Observed, SystemPointers, UnitFact } from "../reconcile/decision.ts";
import type { PreflightFacts } from "../reconcile/preflight/preflight-facts.ts";
import { readActivationUnit } from "./activation/activation-unit.ts";
import { bootId, uptimeMs } from "./boot-clock.ts";
import { isDeadManArmed } from "./activation/dead-man.ts";
import type { Loader } from "./loader/loader.ts";
import { readPreflight } from "./preflight/read-preflight.ts";
import { readPointers } from "./system-pointers.ts";
import { readUnits } from "./systemd/systemd.ts";

export interface Observer {
  stateDir: string;
  fetch: () => FetchFact;
  checks: () => readonly CheckResult[];
  loader: Loader;
  standsIn: () => boolean;
}

export async function observe(needs: Needs, observer: Observer): Promise<Observed> {
  const { stateDir, loader } = observer;
  const [unit, units, deadManArmed] = await Promise.all([
    lookAtUnit(needs.unit, stateDir),
    needs.units ? readUnits() : Promise.resolve(null),
    needs.deadMan === null ? Promise.resolve(null) : isDeadManArmed(needs.deadMan),
    needs.preflightTo === null ? Promise.resolve() : loader.ask(),
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
    preflight: preflightOf(system, needs.preflightTo, loader),
    contact: null,
    silentMs: null,
    standsIn: observer.standsIn(),
    checks: observer.checks(),
    deadManArmed,
    bootEntry: needs.bootEntryOf === null ? null : loader.entryOf(needs.bootEntryOf),
  };
}

function lookAtUnit(name: string | null, stateDir: string): Promise<UnitFact | null> {
  return name === null ? Promise.resolve({ kind: "absent" }) : readActivationUnit(name, stateDir);
}

function preflightOf(
  { current, booted }: SystemPointers,
  wanted: StorePath | null,
  loader: Loader,
): PreflightFacts | null {
  return current === null || wanted === null ? null : readPreflight({ current, booted, wanted }, loader);
}
