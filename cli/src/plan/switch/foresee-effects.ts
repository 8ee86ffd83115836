/**
 * PURE. What systemd makes of the switch's lists: whoever depends on a unit that stops goes down with it, whoever an active
 * target wants comes up again. Conditions, failures and what programs do by themselves cannot be foreseen.
 */
import { reach } from "../units/assume-active.ts";
import { canReload } from "../units/can-reload.ts";
import { dependsOn, reloadedWith, reloadsAlso, requiredBy, stoppedWith, stopsAlso } from "../units/pulls.ts";
import { flag, lastValue } from "../units/unit-file.ts";
import { sourceOf, baseOf, unitOf, type UnitFolder } from "../units/unit-folder.ts";
import type { Switch, SwitchLists } from "./switch-lists.ts";

export interface Effects {
  /** Active before and after, with a new start in between. */
  restarted: Set<string>;
  reloaded: Set<string>;
  /** To be reloaded, which systemd refuses: they go on with what they were started with. */
  left: ReadonlySet<string>;
  /** Active before, not after. */
  stopped: Set<string>;
  /** Not active before. */
  started: Set<string>;
  /** Stopped at first, whether they come up again or not. */
  down: ReadonlySet<string>;
  /** Unit → the one whose stop or restart reaches it; those that the switch itself names are not here. */
  because: Map<string, string>;
}

export const reactivation = "sysinit-reactivation.target";

export function foreseeEffects(lists: SwitchLists, { from, to, active }: Switch): Effects {
  const stops = [...lists.stop].filter((name) => !refusesStop(from, name));
  const down = spread(stops, active, {
    needs: (name) => [...dependsOn(from, name), ...stoppedWith(from, name)],
    reaches: (name) => stopsAlso(from, name),
  });
  const up = new Set([...active].filter((name) => !down.has(name)));
  const reactivated = sourceOf(to, reactivation) === undefined ? [] : [reactivation];
  const restarts = [...lists.restart, ...reactivated].filter(
    (name) => !refuses(to, name, ["RefuseManualStart", "RefuseManualStop"]),
  );
  const again = spread(restarts, up, { needs: (name) => dependsOn(to, name), reaches: () => [] });
  const { reloaded, refused } = foreseeReloads(lists, to, up);
  const left = new Set(refused.filter((name) => !again.has(name)));
  const instead = [...lists.reload].filter((name) => !up.has(name) && startsInstead(to, name));
  const starts = [...lists.start, ...instead].filter((name) => !refuses(to, name, ["RefuseManualStart"]));
  const asked = [...starts, ...lists.targets, ...restarts];
  const kept = new Set([...up].filter((name) => !again.has(name)));
  const reached = reach(to, asked, up);
  const held = heldBack({ from, to, restart: lists.restart, kept }, reached);
  const coming = new Set([...reached].filter((name) => !held.has(name)));
  return place(active, { down, again, reloaded, left, coming });
}

/** Those that systemd refuses to reload are not reached by the reload of another one either. */
function foreseeReloads(
  lists: SwitchLists,
  to: UnitFolder,
  up: ReadonlySet<string>,
): { reloaded: Spread; refused: string[] } {
  const can = (name: string): boolean => canReload(to, name, up);
  const asked = [...lists.reload].filter((name) => up.has(name));
  const reloaded = spread(asked.filter(can), up, {
    needs: (name) => {
      const others = reloadedWith(to, name);
      return others.length > 0 && can(name) ? others : [];
    },
    reaches: (name) => reloadsAlso(to, name).filter(can),
  });
  return { reloaded, refused: asked.filter((name) => !can(name)) };
}

/** A timer whose file is gone runs out when systemd reads its units anew. */
export function refusesStop(from: UnitFolder, name: string): boolean {
  return !name.endsWith(".timer") && refuses(from, name, ["RefuseManualStop"]);
}

/** Systemd does not do by order what a unit refuses; that another unit draws it along is no order. */
function refuses(folder: UnitFolder, name: string, keys: readonly string[]): boolean {
  const unit = unitOf(folder, name);
  return unit !== undefined && keys.some((key) => flag(unit, `Unit/${key}`, "false"));
}

interface Waves {
  /** Unit → the one that reaches it; null for those that the switch names. */
  down: Spread;
  again: Spread;
  reloaded: Spread;
  left: ReadonlySet<string>;
  coming: ReadonlySet<string>;
}

function place(active: ReadonlySet<string>, waves: Waves): Effects {
  const { down, left, coming } = waves;
  const effects: Effects = {
    restarted: new Set(),
    reloaded: new Set(),
    stopped: new Set(),
    started: new Set([...coming].filter((name) => !active.has(name))),
    left,
    down: new Set(down.keys()),
    because: new Map(),
  };
  for (const name of active) {
    const [because, set] = placeOne(effects, name, waves);
    set?.add(name);
    if (typeof because === "string") effects.because.set(name, because);
  }
  return effects;
}

function placeOne(
  { restarted, stopped, reloaded: told }: Effects,
  name: string,
  { down, again, reloaded, coming }: Waves,
): [string | null | undefined, Set<string> | undefined] {
  if (down.has(name)) return [down.get(name), coming.has(name) ? restarted : stopped];
  if (again.has(name)) return [again.get(name), restarted];
  return [reloaded.get(name), reloaded.has(name) ? told : undefined];
}

function startsInstead(to: UnitFolder, name: string): boolean {
  const next = unitOf(to, name);
  if (next === undefined) return false;
  return !flag(next, "Unit/RefuseManualStart", "false") || flag(next, "Unit/X-OnlyManualStart", "false");
}

interface Known {
  from: UnitFolder;
  to: UnitFolder;
  /** Mounts of fstab are no files of the folder, and yet they come up. */
  restart: ReadonlySet<string>;
  /** Units that run through all of it. */
  kept: ReadonlySet<string>;
}

/**
 * Units that cannot start, and all that require one of them, however far away. Those that require each other in a circle do
 * not hold each other back. A chain may have thousands of units: nothing here calls itself.
 */
function heldBack(known: Known, names: Iterable<string>): ReadonlySet<string> {
  const seen = new Set(names);
  const held: string[] = [];
  const requirers = new Map<string, string[]>();
  // A set hands out what is added to it meanwhile.
  for (const name of seen) {
    if (isHeld(known, name)) held.push(name);
    for (const other of needsOf(known, name)) {
      listAt(requirers, other).push(name);
      seen.add(other);
    }
  }
  return new Set(follow(new Map(held.map((name) => [name, null])), requirers).keys());
}

/** By itself, whatever it requires. */
function isHeld({ to, restart, kept }: Known, name: string): boolean {
  if (!isThere(to, name)) return !restart.has(name);
  // A socket refuses to start beside its service.
  return name.endsWith(".socket") && kept.has(serviceOf(to, name)) && !kept.has(name);
}

function needsOf(known: Known, name: string): string[] {
  if (!isThere(known.to, name)) return [];
  return requiredBy(known.to, name).filter((other) => !isForeign(known, other));
}

/** What neither system defines comes from a generator or from the kernel: it is taken to be there. */
function isForeign({ from, to }: Known, name: string): boolean {
  return [from, to].every((folder) => sourceOf(folder, baseOf(folder, name)) === undefined);
}

function serviceOf(folder: UnitFolder, socket: string): string {
  const unit = unitOf(folder, socket);
  const named = unit === undefined ? undefined : lastValue(unit, "Socket/Service");
  return named ?? socket.replace(/socket$/u, "service");
}

function isThere(folder: UnitFolder, name: string): boolean {
  const source = sourceOf(folder, baseOf(folder, name));
  return source !== undefined && source.kind !== "masked" && source.kind !== "unreadable";
}

type Spread = ReadonlyMap<string, string | null>;

interface Ways {
  /** Units that reach this one. */
  needs: (name: string) => string[];
  /** Units that this one reaches by its own word. */
  reaches: (name: string) => string[];
}

/** The units asked for, and every active one that depends on one of them, however far away. */
function spread(asked: Iterable<string>, active: ReadonlySet<string>, { needs, reaches }: Ways): Spread {
  const found = new Map<string, string | null>([...asked].map((name) => [name, null]));
  if (found.size === 0) return found;
  const dependents = new Map<string, string[]>();
  for (const name of active) {
    for (const needed of needs(name)) listAt(dependents, needed).push(name);
    for (const other of reaches(name)) if (active.has(other)) listAt(dependents, name).push(other);
  }
  return follow(found, dependents);
}

/** Adds to `found` whoever is reached from it. */
function follow(
  found: Map<string, string | null>,
  dependents: ReadonlyMap<string, readonly string[]>,
): Spread {
  const open = [...found.keys()];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const other of dependents.get(name) ?? []) {
      if (found.has(other)) continue;
      found.set(other, name);
      open.push(other);
    }
  }
  return found;
}

function listAt(lists: Map<string, string[]>, name: string): string[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}
