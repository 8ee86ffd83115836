/** PURE. The lists that NixOS's switch makes of the units that run: what it stops, starts, restarts, reloads, leaves alone. */
import { compareUnits } from "../units/compare-units.ts";
import { flag, joinUnit, type UnitFile } from "../units/unit-file.ts";
import {
  commonBase,
  hasOwnDropIns,
  sourceOf,
  unitDigest,
  unitOf,
  unreadable,
  type UnitFolder,
} from "../units/unit-folder.ts";
import { changeUnit } from "./change-unit.ts";

export interface SwitchLists {
  stop: Set<string>;
  /** Without the targets, which are started at every switch. */
  start: Set<string>;
  targets: Set<string>;
  restart: Set<string>;
  reload: Set<string>;
  /** Changed, and left running with what they were started with. */
  leave: Set<string>;
  /** Unit → why the switch or this prediction cannot read it. */
  unreadable: Map<string, string>;
}

export interface Switch {
  from: UnitFolder;
  to: UnitFolder;
  active: ReadonlySet<string>;
}

const sleepTargets: ReadonlySet<string> = new Set([
  "suspend.target",
  "hibernate.target",
  "hybrid-sleep.target",
]);

function emptyLists(): SwitchLists {
  return {
    stop: new Set(),
    start: new Set(),
    targets: new Set(),
    restart: new Set(),
    reload: new Set(),
    leave: new Set(),
    unreadable: new Map(),
  };
}

/** `judged`: units that are looked at; all active ones where nothing else is said. */
export function switchLists(wanted: Switch, judged: Iterable<string> = wanted.active): SwitchLists {
  const lists = emptyLists();
  for (const name of judged) judgeUnit(lists, wanted, name);
  // Whoever goes down or is restarted needs no reload.
  for (const name of [...lists.stop, ...lists.restart]) lists.reload.delete(name);
  return lists;
}

function judgeUnit(lists: SwitchLists, wanted: Switch, name: string): void {
  const { from, to } = wanted;
  const base = commonBase([from, to], name);
  const isSame = unitDigest(from, name, base) === unitDigest(to, name, base);
  const why = unreadable(from, name, base) ?? unreadable(to, name, base);
  if (why === undefined) judgeReadable(lists, wanted, { name, base, isSame });
  else if (!isSame) lists.unreadable.set(name, why);
}

function judgeReadable(
  lists: SwitchLists,
  wanted: Switch,
  { name, base, isSame }: { name: string; base: string; isSame: boolean },
): void {
  const current = currentUnit(wanted, name, base);
  // What /etc/systemd/system does not define is not the switch's.
  if (current === undefined) return;
  if (isGone(wanted, name, base)) {
    // The old file decides: the new system cannot speak for a unit that it does not know.
    if (flag(current, "Unit/X-StopOnRemoval", "true")) lists.stop.add(name);
    return;
  }
  const next = unitOf(wanted.to, name, base);
  if (next === undefined) return;
  if (name.endsWith(".target")) judgeTarget(lists, name, next);
  else if (!isSame) judgeChanged(lists, wanted, { name, base, current, next });
}

/** One that is masked and runs all the same has a file that says nothing. */
function currentUnit({ from }: Switch, name: string, base: string): UnitFile | undefined {
  return sourceOf(from, base)?.kind === "masked" ? joinUnit([]) : unitOf(from, name, base);
}

function isGone({ from, to }: Switch, name: string, base: string): boolean {
  const source = sourceOf(to, base);
  if (source === undefined || source.kind === "masked") return true;
  // An instance that drop-ins defined is gone with them, though its template is still there.
  return base !== name && hasOwnDropIns(from, name) && !hasOwnDropIns(to, name);
}

function judgeTarget(lists: SwitchLists, name: string, next: UnitFile): void {
  const refuses =
    flag(next, "Unit/RefuseManualStart", "false") || flag(next, "Unit/X-OnlyManualStart", "false");
  if (!refuses && !sleepTargets.has(name)) lists.targets.add(name);
  if (flag(next, "Unit/X-StopOnReconfiguration", "false")) lists.stop.add(name);
}

function judgeChanged(
  lists: SwitchLists,
  wanted: Switch,
  unit: { name: string; base: string; current: UnitFile; next: UnitFile },
): void {
  const difference = compareUnits(unit.current, unit.next);
  if (difference === "reload") lists.reload.add(unit.name);
  if (difference === "restart") changeUnit(lists, wanted, unit);
}
