// PURE: which units a switch stops, starts, restarts, reloads and leaves alone (nixos.md §2.4).
import { compareUnits } from "./compare-units.ts";
import { flag, lastValue, type UnitFile } from "./unit-file.ts";

/** One active unit that /etc/systemd/system defines; `next` is absent when the new system lacks or masks it. */
export interface ActiveUnit {
  readonly name: string;
  readonly current: UnitFile;
  readonly next: UnitFile | undefined;
}

export interface SwitchInput {
  readonly units: readonly ActiveUnit[];
  /** Every active unit's name, whoever defines it. */
  readonly active: ReadonlySet<string>;
  /** Unit files of the new system. */
  readonly available: ReadonlySet<string>;
}

export interface SwitchPlan {
  readonly stop: Set<string>;
  readonly start: Set<string>;
  readonly restart: Set<string>;
  readonly reload: Set<string>;
  readonly skip: Set<string>;
  /** Targets that are started on every switch: not worth a line. */
  readonly quiet: Set<string>;
}

const UNTOUCHED_TARGETS: ReadonlySet<string> = new Set([
  "sysinit.target",
  "basic.target",
  "multi-user.target",
  "graphical.target",
]);

export function planSwitch(input: SwitchInput): SwitchPlan {
  const plan: SwitchPlan = {
    stop: new Set(),
    start: new Set(),
    restart: new Set(),
    reload: new Set(),
    skip: new Set(),
    quiet: new Set(),
  };
  for (const unit of input.units) {
    if (unit.next === undefined) planRemoved(plan, unit);
    else if (unit.name.endsWith(".target")) planTarget(plan, unit.name, unit.next);
    else planKept(plan, input, { name: unit.name, current: unit.current, next: unit.next });
  }
  for (const name of [...plan.stop, ...plan.restart]) plan.reload.delete(name);
  return plan;
}

interface KeptUnit {
  readonly name: string;
  readonly current: UnitFile;
  readonly next: UnitFile;
}

function planRemoved(plan: SwitchPlan, unit: ActiveUnit): void {
  // The old file decides: the new system cannot speak for a unit that it does not know.
  if (flag(unit.current, "Unit", "X-StopOnRemoval") === false) return;
  plan.stop.add(unit.name);
}

/** Starting active targets again is what starts new wantedBy units and those that were stopped by hand. */
function planTarget(plan: SwitchPlan, name: string, next: UnitFile): void {
  if (refusesStart(next)) return;
  plan.start.add(name);
  plan.quiet.add(name);
  if (flag(next, "Unit", "X-StopOnReconfiguration") === true) plan.stop.add(name);
}

function planKept(plan: SwitchPlan, input: SwitchInput, unit: KeptUnit): void {
  const change = compareUnits(unit.current, unit.next);
  if (change === "reload") plan.reload.add(unit.name);
  if (change === "restart") planChanged(plan, input, unit);
}

function planChanged(plan: SwitchPlan, input: SwitchInput, unit: KeptUnit): void {
  const way = wayToChange(unit);
  if (way === "stop-and-start") planStopAndStart(plan, input, unit);
  else if (way !== "nothing") plan[way].add(unit.name);
}

function wayToChange(unit: KeptUnit): "nothing" | "reload" | "restart" | "skip" | "stop-and-start" {
  const { name, next } = unit;
  if (UNTOUCHED_TARGETS.has(name) || /\.(?:slice|socket)$/.test(name)) return "nothing";
  // The root and the store cannot be unmounted under a running system.
  if (name === "-.mount" || name === "nix.mount") return "reload";
  if (name.endsWith(".mount")) return "restart";
  if (flag(next, "Service", "X-ReloadIfChanged") === true) return "reload";
  if (mustNotRestart(next)) return "skip";
  const stops = name.endsWith(".service") && flag(next, "Service", "X-StopIfChanged") !== false;
  return stops ? "stop-and-start" : "restart";
}

/** Stop with the old ExecStop before activation, start after it; a socket starts in place of its service. */
function planStopAndStart(plan: SwitchPlan, input: SwitchInput, unit: KeptUnit): void {
  plan.stop.add(unit.name);
  let socketStarts = false;
  for (const socket of activeSockets(input, unit)) {
    plan.stop.add(socket);
    if (!input.available.has(socket)) continue;
    plan.start.add(socket);
    socketStarts = true;
  }
  if (!socketStarts) plan.start.add(unit.name);
}

function activeSockets(input: SwitchInput, unit: KeptUnit): string[] {
  if (flag(unit.next, "Service", "X-NotSocketActivated") === true) return [];
  const named = lastValue(unit.next, "Service", "Sockets")?.split(/\s+/).filter(Boolean) ?? [];
  const sockets = named.length > 0 ? named : [unit.name.replace(/\.service$/, ".socket")];
  return sockets.filter((socket) => input.active.has(socket));
}

function mustNotRestart(unit: UnitFile): boolean {
  return (
    flag(unit, "Service", "X-RestartIfChanged") === false ||
    flag(unit, "Unit", "RefuseManualStop") === true ||
    flag(unit, "Unit", "X-OnlyManualStart") === true
  );
}

export function refusesStart(unit: UnitFile): boolean {
  return flag(unit, "Unit", "RefuseManualStart") === true || flag(unit, "Unit", "X-OnlyManualStart") === true;
}
