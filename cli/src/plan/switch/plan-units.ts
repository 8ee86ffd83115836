/** PURE. What a switch does to the units of one node, unit by unit. */
import { assumeActive, isFinished, reach, type Assumed } from "../units/assume-active.ts";
import { canReload } from "../units/can-reload.ts";
import { sourceOf, type UnitFolder } from "../units/unit-folder.ts";
import { foreseeEffects, reactivation, refusesStop, type Effects } from "./foresee-effects.ts";
import { switchLists, type Switch, type SwitchLists } from "./switch-lists.ts";

/**
 * `stop-and-start`: stopped with the old files, started with the new ones. `run`: started, does its work and ends;
 * `run-again`: as at every switch.
 */
type UnitDeed = "stop" | "start" | "restart" | "stop-and-start" | "reload" | "leave" | "run" | "run-again";

interface UnitAction {
  unit: string;
  does: UnitDeed;
  /** The unit that it depends on, where the switch itself does not name it. */
  because: string | null;
}

export interface UnitPlan {
  /** Sorted by unit. */
  actions: UnitAction[];
  /** Of units that start on demand: what becomes of them, or of their sockets, if they run. */
  ifRunning: { unit: string; does: UnitDeed; runs: string }[];
  unreadable: { unit: string; why: string }[];
}

/** `running`: as the node says; null: whatever a boot of the old system starts. */
export function planUnits(from: UnitFolder, to: UnitFolder, running: ReadonlySet<string> | null): UnitPlan {
  const assumed = running === null ? assumeActive(from) : { active: running, finished: new Set<string>() };
  const lists = switchLists({ from, to, active: assumed.active });
  const effects = foreseeEffects(lists, { from, to, active: assumed.active });
  // What only this target wants is done once more by every switch, and not by a boot.
  const repeated = new Set([...assumed.finished, ...reach(from, [reactivation])]);
  const demanded = running === null ? onDemand(from, to, assumed) : [];
  const unreadable = [...lists.unreadable].map(([unit, why]) => ({ unit, why }));
  return {
    actions: actionsOf(lists, effects, (unit) => startDeed(to, unit, repeated)),
    ifRunning: demanded,
    unreadable: unreadable.toSorted(byUnit),
  };
}

function actionsOf(lists: SwitchLists, effects: Effects, deedOf: (unit: string) => UnitDeed): UnitAction[] {
  const { because } = effects;
  const action = (unit: string, does: UnitDeed): UnitAction => ({
    unit,
    does,
    because: because.get(unit) ?? null,
  });
  const actions = [
    ...[...effects.stopped].map((unit) => action(unit, "stop")),
    ...[...effects.restarted].map((unit) =>
      action(unit, effects.down.has(unit) ? "stop-and-start" : "restart"),
    ),
    ...[...effects.reloaded].map((unit) => action(unit, "reload")),
    ...[...effects.started].map((unit) => action(unit, deedOf(unit))),
    ...[...lists.leave, ...effects.left].map((unit) => action(unit, "leave")),
  ];
  // It is restarted at every switch.
  return actions.filter(({ unit }) => unit !== reactivation).toSorted(byUnit);
}

function startDeed(to: UnitFolder, unit: string, repeated: ReadonlySet<string>): UnitDeed {
  if (repeated.has(unit)) return "run-again";
  return isFinished(to, unit) ? "run" : "start";
}

function onDemand(from: UnitFolder, to: UnitFolder, { active, finished }: Assumed): UnitPlan["ifRunning"] {
  const names = [...from.sources]
    .filter(([name, source]) => source.kind === "file" || isUnmasked(from, to, name))
    .map(([name]) => name.replace(/@\.(?=[a-z]+$)/u, "@*."))
    .filter((name) => !active.has(name) && !finished.has(name) && !name.endsWith(".target"));
  return names.flatMap((name) => ifRuns({ from, to, active }, name)).toSorted(byUnit);
}

/** It may run from before it was masked: the end of the mask is its end too. */
function isUnmasked(from: UnitFolder, to: UnitFolder, name: string): boolean {
  return sourceOf(from, name)?.kind === "masked" && sourceOf(to, name) === undefined;
}

function ifRuns(wanted: Switch, name: string): UnitPlan["ifRunning"] {
  const { stop, start, restart, reload, leave } = switchLists(wanted, [name]);
  const stops = [...stop].filter((unit) => !refusesStop(wanted.from, unit));
  const can = (unit: string): boolean => canReload(wanted.to, unit, wanted.active);
  const deeds: UnitPlan["ifRunning"] = [
    ...stops.map(
      (unit) => ({ unit, does: start.has(unit) ? "stop-and-start" : "stop", runs: name }) as const,
    ),
    ...[...restart].map((unit) => ({ unit, does: "restart", runs: name }) as const),
    ...[...reload].map((unit) => ({ unit, does: can(unit) ? "reload" : "leave", runs: name }) as const),
    ...[...leave].map((unit) => ({ unit, does: "leave", runs: name }) as const),
  ];
  return deeds;
}

function byUnit(a: { unit: string }, b: { unit: string }): number {
  return a.unit < b.unit ? -1 : 1;
}
