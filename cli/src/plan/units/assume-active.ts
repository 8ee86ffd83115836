/**
 * PURE. Which units a node that booted this system and was left alone runs: whatever the boot draws along, but for programs
 * that do their work and end. What starts on demand (by a socket, a timer, a path, D-Bus or a person) may run or not.
 */
import { startedBy } from "./pulls.ts";
import { lastValue, words, flag } from "./unit-file.ts";
import { baseOf, primaryName, sourceOf, unitOf, type UnitFolder } from "./unit-folder.ts";

/** What systemd itself draws along, also where the closure does not spell it out. */
const roots = [
  "default.target",
  "sysinit.target",
  "basic.target",
  "local-fs.target",
  "remote-fs.target",
  "sockets.target",
  "timers.target",
  "paths.target",
  "slices.target",
  "swap.target",
];

export interface Assumed {
  active: ReadonlySet<string>;
  /** Drawn along by the boot, but done when their work is: a switch runs them again. */
  finished: ReadonlySet<string>;
}

export function assumeActive(folder: UnitFolder): Assumed {
  const reached = reach(folder, roots);
  const active = new Set<string>();
  const finished = new Set<string>();
  for (const name of reached) {
    const source = sourceOf(folder, baseOf(folder, name));
    if (source === undefined || source.kind === "masked") continue;
    (isFinished(folder, name) ? finished : active).add(name);
  }
  return { active, finished };
}

/**
 * Everything that a start of `names` draws along, themselves included. What runs already is not started, and so draws
 * nothing along.
 */
export function reach(
  folder: UnitFolder,
  names: Iterable<string>,
  running: ReadonlySet<string> = new Set(),
): Set<string> {
  const found = new Set<string>();
  const asked = new Set([...names].map((name) => primaryName(folder, name)));
  const open = [...asked];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    if (running.has(name) && !asked.has(name)) continue;
    for (const other of startedBy(folder, name)) open.push(other);
    for (const other of slicesOf(folder, name)) open.push(other);
  }
  return found;
}

function slicesOf(folder: UnitFolder, name: string): string[] {
  const unit = unitOf(folder, name);
  if (unit === undefined) return [];
  return ["Service", "Socket", "Mount"].flatMap((section) => words(unit, `${section}/Slice`));
}

/** A program that does its work and ends, and leaves nothing active. */
export function isFinished(folder: UnitFolder, name: string): boolean {
  const unit = unitOf(folder, name);
  if (unit === undefined || !name.endsWith(".service")) return false;
  return lastValue(unit, "Service/Type") === "oneshot" && !flag(unit, "Service/RemainAfterExit", "false");
}
