/** PURE. What a node goes through from one system to another, from the two closures alone. */
import { driverDifference } from "@chimera/proto/system/driver-difference";
import { differingInhibitors } from "@chimera/proto/system/inhibitors";
import { kernelDifference } from "@chimera/proto/system/kernel-difference";
import { rebootReasons } from "@chimera/proto/system/reboot-reasons";
import { compareFstab, type FstabChanges } from "../switch/compare-fstab.ts";
import { planUnits, type UnitPlan } from "../switch/plan-units.ts";
import type { Protection, SystemFacts } from "./system-facts.ts";

export interface SwitchPlan extends UnitPlan {
  /** Why the new system needs a restart of the machine; empty: it is activated while the machine runs. */
  reboot: string[];
  /** What the next restart brings, and a switch does not. */
  atNextBoot: string[];
  /** A restart that nothing comes back from by itself; null where the closure does not say which loader it is. */
  rebootUnprotected: boolean | null;
  /** Switch inhibitors that differ; null where a list cannot be read. */
  inhibitors: string[] | null;
  /** Why systemd replaces itself; empty: it only reads its units anew. */
  reexec: string[];
  mounts: FstabChanges;
  /** What was not compared, and why. */
  notes: string[];
}

const noUnits: UnitPlan = { actions: [], ifRunning: [], unreadable: [] };

/** `running`: units that run, as the node says; null: whatever a boot of the old system starts. */
export function planSwitch(
  from: SystemFacts,
  to: SystemFacts,
  running: ReadonlySet<string> | null,
): SwitchPlan {
  const inhibitors = differingInhibitors(from.inhibitors, to.inhibitors);
  const initrd = from.initrd === to.initrd ? [] : ["another initrd"];
  const reboot = rebootReasons({
    inhibitors,
    isInitChanged: from.initInterface !== to.initInterface,
    kernel: kernelDifference(from.kernel, to.kernel),
    driver: driverDifference(from.driver, to.driver),
    along: [...initrd, ...(from.manager.program === to.manager.program ? [] : ["another systemd"])],
  });
  return {
    ...(from.hasUnits && to.hasUnits ? planUnits(from.units, to.units, running) : noUnits),
    reboot,
    atNextBoot: reboot.length === 0 ? initrd : [],
    rebootUnprotected: reboot.length === 0 ? false : unprotected(to.protection),
    inhibitors,
    reexec: reexecReasons(from, to),
    mounts:
      from.fstab === null || to.fstab === null ? compareFstab("", "") : compareFstab(from.fstab, to.fstab),
    notes: [from, to].flatMap(notesOn),
  };
}

function notesOn({ toplevel, hasUnits, notes }: SystemFacts): string[] {
  const none = `${toplevel} has no folder etc/systemd/system: no unit was compared`;
  return [...(hasUnits ? [] : [none]), ...notes];
}

/** Whether nothing at all runs differently. Never where something was not compared. */
export function isIdle(plan: SwitchPlan): boolean {
  const { actions, ifRunning, unreadable, reboot, atNextBoot, reexec, mounts, notes } = plan;
  const isWork = actions.some((action) => !isBookkeeping(action));
  return (
    !isWork &&
    [ifRunning, unreadable, reboot, atNextBoot, reexec, notes, ...Object.values(mounts)].every(isEmpty)
  );
}

/** Done at every switch: targets are stopped and started to keep an order, and programs that end run again. */
function isBookkeeping({ unit, does, because }: UnitPlan["actions"][number]): boolean {
  return does === "run-again" || (unit.endsWith(".target") && does === "stop-and-start" && because === null);
}

function isEmpty(list: readonly unknown[]): boolean {
  return list.length === 0;
}

function unprotected(protection: Protection): boolean | null {
  return protection === "unknown" ? null : protection === "none";
}

function reexecReasons(from: SystemFacts, to: SystemFacts): string[] {
  return [
    ...(from.manager.program === to.manager.program ? [] : ["another systemd"]),
    ...(from.manager.config === to.manager.config ? [] : ["another system.conf"]),
  ];
}
