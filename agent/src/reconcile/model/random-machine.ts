/** PURE. Tests only: a machine whose units take their time, end in every way and may leave half of their work behind. */
import type { StorePath } from "@chimera/proto/names";
import type { Action, Observed, SystemPointers, UnitFact } from "../decision.ts";
import type { UnitRecord } from "../journal.ts";
import type { OrderPolicy } from "../order-policy.ts";
import { after, observed, restart, type Script } from "./machine-model.ts";

export type UnitEnd = Extract<UnitFact, { kind: "ended" }>;

/** What is true from a trial's begin to its end. */
export interface Fate {
  policy: OrderPolicy;
  /** A unit of these fails. */
  unhealthy: ReadonlySet<StorePath>;
  /** These cut the node off. */
  silent: ReadonlySet<StorePath>;
  /** These do not boot. */
  dead: ReadonlySet<StorePath>;
  /** Another kernel, and another interface of init, than the rest. */
  kernels: ReadonlySet<StorePath>;
  inits: ReadonlySet<StorePath>;
  /** How units named `test /nix/store/...` or `boot /nix/store/...` end each time. */
  ends: ReadonlyMap<string, UnitEnd>;
  /** Actions that never succeed on this machine. */
  broken: ReadonlySet<Action["kind"]>;
  /** How long emptying the node may take; null where nothing is to be emptied. */
  drains: number | null;
  /** How often a look, an action or a unit fails. */
  flakiness: number;
  /** Whether the loader boots once, and says what its default is. */
  loader: "one-shot" | "none";
}

export const unitEnds: readonly [UnitEnd, ...UnitEnd[]] = [
  ended(1),
  ended(2),
  ended(4),
  ended(11),
  ended(100),
  { kind: "ended", result: "timeout", exitCode: null },
  { kind: "ended", result: "killed", exitCode: null },
];

export interface Machine {
  fate: Fate;
  /** Pointers, clock and fetch; all else is asked with `lookAt`. */
  real: Observed;
  units: Map<string, UnitFact>;
  /** Holds the switch lock, until `endUnit`. */
  running: { name: string; end: UnitEnd; work: Partial<SystemPointers> } | null;
  timer: { unit: string; order: string; atMs: number } | null;
  oneShot: string | null;
  /** Systemd has taken the order to restart. */
  isGoingDown: boolean;
  /** Emptied, and not given its work back. */
  isDrained: boolean;
  generations: Set<StorePath>;
  entries: Set<StorePath>;
  /** How often an action or a unit failed. */
  failures: number;
}

export function createMachine(fate: Fate): Machine {
  return {
    fate,
    real: observed(),
    units: new Map(),
    running: null,
    timer: null,
    oneShot: null,
    isGoingDown: false,
    isDrained: false,
    generations: new Set(),
    entries: new Set(),
    failures: 0,
  };
}

/** What may go wrong with a unit: its end, and whether its work is done all the same. */
export interface Luck {
  end: UnitEnd | null;
  isHalfDone: boolean;
}

export function perform(machine: Machine, action: Action, luck: Luck): void {
  if (action.kind === "start-unit") startUnit(machine, action, luck);
  else if (action.kind === "stop-unit" || action.kind === "collect-unit") {
    if (machine.running?.name === action.name) leaveUnit(machine, luck.isHalfDone);
    machine.units.delete(action.name);
  } else performAtOnce(machine, action);
}

type AtOnce = Exclude<Action, { kind: `${string}-unit` }>;

function performAtOnce(machine: Machine, action: AtOnce): void {
  switch (action.kind) {
    case "arm-dead-man":
      machine.timer = action;
      return;
    case "disarm-dead-man":
      machine.timer = null;
      return;
    case "clear-boot-once":
      machine.oneShot = null;
      return;
    case "reboot":
      machine.oneShot = action.entry ?? machine.oneShot;
      machine.isGoingDown = true;
      return;
    case "set-profile":
      machine.generations.add(action.toplevel);
      machine.real = after(action, machine.real);
      return;
    case "start-fetch":
      machine.real = after(action, machine.real);
  }
}

function ended(exitCode: number): UnitEnd {
  return { kind: "ended", result: "exited", exitCode };
}

function startUnit(
  machine: Machine,
  action: Extract<Action, { kind: "start-unit" }>,
  { end: unlucky, isHalfDone }: Luck,
): void {
  const { unit } = action;
  const { fate, real, units } = machine;
  if (machine.running !== null) {
    units.set(unit.name, ended(11));
    return;
  }
  const end = unlucky ?? fate.ends.get(`${unit.action} ${unit.toplevel}`) ?? whatInitSays(machine, action);
  const isDone = end.exitCode === 0 || end.exitCode === 4;
  // These two codes say that nothing was touched.
  const isRefused = end.exitCode === 11 || end.exitCode === 100;
  const hasWorked = isDone || (isHalfDone && !isRefused);
  if (end.exitCode !== 0) machine.failures += 1;
  noteService(machine, unit.action, end);
  machine.running = { name: unit.name, end, work: hasWorked ? workOf(action, real) : {} };
  units.set(unit.name, { kind: "running" });
}

function noteService(machine: Machine, action: UnitRecord["action"], { exitCode }: UnitEnd): void {
  if (action === "drain") machine.isDrained = true;
  if (action === "undrain" && exitCode === 0) machine.isDrained = false;
}

export function isIn(set: ReadonlySet<StorePath>, path: StorePath | null): boolean {
  return path !== null && set.has(path);
}

function whatInitSays({ fate, real }: Machine, { unit }: Extract<Action, { kind: "start-unit" }>): UnitEnd {
  const isOther = isIn(fate.inits, real.system.current) !== fate.inits.has(unit.toplevel);
  return ended(unit.action === "test" && isOther ? 100 : 0);
}

function workOf(action: Extract<Action, { kind: "start-unit" }>, real: Observed): Partial<SystemPointers> {
  const { current, bootDefault } = after(action, real).system;
  switch (action.unit.action) {
    case "test":
      return { current };
    case "boot":
      return { bootDefault };
    case "drain":
    case "undrain":
      return {};
  }
}

export function wait(machine: Machine, ms: number): void {
  machine.real = { ...machine.real, uptimeMs: machine.real.uptimeMs + Math.max(0, ms) };
}

/** The unit that runs comes to its end. */
export function endUnit(machine: Machine): void {
  const { running, units } = machine;
  if (running === null) return;
  units.set(running.name, running.end);
  leaveUnit(machine, true);
}

function leaveUnit(machine: Machine, hasWorked: boolean): void {
  const { running, real } = machine;
  if (running === null || !hasWorked) {
    machine.running = null;
    return;
  }
  if (running.work.bootDefault !== undefined) machine.entries = new Set(machine.generations);
  machine.real = { ...real, system: { ...real.system, ...running.work } };
  machine.running = null;
}

/** Off and on again, wanted or not. What was written stays, and an entry that is to be booted once is. */
export function powerCycle(machine: Machine, isHalfDone: boolean): void {
  leaveUnit(machine, isHalfDone);
  const { oneShot, fate } = machine;
  const script: Script = Object.fromEntries(
    [...fate.dead].map((path) => [path, { ...ended(0), boots: false }]),
  );
  machine.real = { ...restart(machine.real, oneShot, script), fetch: { kind: "idle" } };
  machine.units.clear();
  machine.timer = null;
  machine.oneShot = null;
  machine.isGoingDown = false;
}
