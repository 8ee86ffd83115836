/** SHELL. One look at the machine, no dearer than the journal's step needs. */
import type { CheckResult } from "@chimera/proto/health-check";
import type { StorePath } from "@chimera/proto/names";
import type { Declared } from "../reconcile/checks/own-policy.ts";
import type { FetchFact, Needs, Observed, SystemPointers, UnitFact } from "../reconcile/decision.ts";
import type { PreflightFacts } from "../reconcile/preflight/preflight-facts.ts";
import { readActivationUnit } from "./activation/activation-unit.ts";
import { bootId, uptimeMs } from "./boot-clock.ts";
import { isDeadManArmed } from "./activation/dead-man.ts";
import type { Loader } from "./loader/loader.ts";
import { readPreflight } from "./preflight/read-preflight.ts";
import {
  foldSpecialisation,
  type Specialisation,
  type Variants,
} from "../reconcile/foreign/specialisation.ts";
import { findSwitching } from "./activation/switching-process.ts";
import { readSpecialisations } from "./read-specialisations.ts";
import { readPointers } from "./system-pointers.ts";
import { readUnits } from "./systemd/systemd.ts";

export interface Observer {
  declared: (toplevel: StorePath) => Promise<Declared>;
  stateDir: string;
  fetch: () => FetchFact;
  checks: () => readonly CheckResult[];
  loader: Loader;
  standsIn: () => boolean;
}

export interface Look {
  seen: Observed & { specialisation: Specialisation | null };
  /** As they are, a specialisation's own too: what is compared before a switch or a restart. */
  pointers: SystemPointers;
}

export async function observe(needs: Needs, observer: Observer): Promise<Look> {
  const { stateDir, loader } = observer;
  const [unit, units, deadManArmed, declared] = await Promise.all([
    lookAtUnit(needs.unit, stateDir),
    needs.units ? readUnits() : Promise.resolve(null),
    needs.deadMan === null ? Promise.resolve(null) : isDeadManArmed(needs.deadMan),
    needs.declaredBy === null ? Promise.resolve(null) : observer.declared(needs.declaredBy),
    needs.preflightTo === null ? Promise.resolve() : loader.ask(),
  ]);
  // Pointers last: a unit seen as ended has moved them before.
  const pointers = readPointers();
  const seen = {
    ...foldSpecialisation(pointers, variantsOf(needs.specialisationsOf, pointers)),
    at: new Date().toISOString(),
    uptimeMs: uptimeMs(),
    bootId: bootId(),
    fetch: observer.fetch(),
    switching: needs.switching ? findSwitching() : null,
    unit,
    units,
    preflight: preflightOf(pointers, needs.preflightTo, loader),
    contact: null,
    silentMs: null,
    standsIn: observer.standsIn(),
    checks: observer.checks(),
    declared,
    deadManArmed,
    bootEntry: needs.bootEntryOf === null ? null : loader.entryOf(needs.bootEntryOf),
  };
  return { seen, pointers };
}

/** They are only looked up where something else than the system itself is named. */
function variantsOf(of: StorePath | null, { current, booted, bootDefault }: SystemPointers): Variants | null {
  const isNamed = [current, booted, bootDefault].every((path) => path === null || path === of);
  return of === null || isNamed ? null : { of, names: readSpecialisations(of) };
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
