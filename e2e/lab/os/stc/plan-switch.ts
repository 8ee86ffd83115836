// PURE: which units a switch stops, starts, restarts, reloads and leaves alone (nixos.md §2.4).
import { compareUnits } from "./compare-units.ts";
import { flag, type UnitFile } from "./unit-file.ts";

/** One active unit that /etc/systemd/system defines; `next` is absent when the new system lacks or masks it. */
export interface ActiveUnit {
  readonly name: string;
  /** Whose file it is where that is another one: the template's name. */
  readonly file?: string;
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

const SLEEP_TARGETS: ReadonlySet<string> = new Set([
  "suspend.target",
  "hibernate.target",
  "hybrid-sleep.target",
]);

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
    else planKept(plan, input, { ...unit, next: unit.next });
  }
  for (const name of [...plan.stop, ...plan.restart]) plan.reload.delete(name);
  return plan;
}

interface KeptUnit {
  readonly name: string;
  readonly file?: string;
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
  // Sometimes they stay active after a night: starting one again would send the machine to sleep.
  if (!refusesStart(next) && !SLEEP_TARGETS.has(name)) {
    plan.start.add(name);
    plan.quiet.add(name);
  }
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
  if (UNTOUCHED_TARGETS.has(name) || /\.(?:slice|path|socket)$/.test(name)) return "nothing";
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
  for (const socket of socketsOf(unit)) {
    const isAvailable = input.available.has(socket);
    // One that is only there in the new system is started by its target, and starts the service.
    socketStarts ||= isAvailable;
    if (!input.active.has(socket)) continue;
    plan.stop.add(socket);
    if (isAvailable) plan.start.add(socket);
  }
  if (!socketStarts || flag(unit.next, "Service", "X-NotSocketActivated") === true) plan.start.add(unit.name);
}

function socketsOf({ name, file, next }: KeptUnit): string[] {
  const named = (next.get("Service")?.get("Sockets") ?? []).flatMap((value) => value.split(/\s+/));
  return named.length > 0 ? named : [(file ?? name).replace(/@?\.service$/, ".socket")];
}

function mustNotRestart(unit: UnitFile): boolean {
  return (
    flag(unit, "Service", "X-RestartIfChanged") === false ||
    flag(unit, "Unit", "RefuseManualStop") === true ||
    flag(unit, "Unit", "X-OnlyManualStart") === true
  );
}

function refusesStart(unit: UnitFile): boolean {
  return flag(unit, "Unit", "RefuseManualStart") === true || flag(unit, "Unit", "X-OnlyManualStart") === true;
}

/** What is not active any more, and should have been reloaded, is started instead. */
export function startsInstead(unit: UnitFile): boolean {
  return flag(unit, "Unit", "RefuseManualStart") !== true || flag(unit, "Unit", "X-OnlyManualStart") === true;
}
