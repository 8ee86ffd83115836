// SHELL: carries a switch plan out: stop, activate, reload systemd, reload, restart, start, and see what failed.
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isActive, readUnit } from "./load-units.ts";
import { unitLine } from "./messages.ts";
import { startsInstead, type SwitchPlan } from "./plan-switch.ts";
import { forgetList } from "./resume-lists.ts";
import { hasJobs, listUnits, run, showUnits, type UnitState } from "./systemctl.ts";

const RELOAD_TIMEOUT_MS = 180_000;
const SETTLE_TIMEOUT_MS = 90_000;
const QUIET_MS = 250;

export interface SwitchRun {
  readonly toplevel: string;
  readonly plan: SwitchPlan;
  readonly print: (line: string) => void;
}

/** Returns the exit code: 0, 2 (activation failed) or 4 (units failed). */
export async function switchUnits(request: SwitchRun): Promise<number> {
  const { toplevel, plan, print } = request;
  const managerConfig = readIfThere("/etc/systemd/system.conf");
  const stopped = stop(plan, print);
  print("activating the configuration...");
  const activated = run([join(toplevel, "activate")], { show: true }).ok;
  reloadManager(request, managerConfig);

  const before = listUnits();
  const reactivated = reactivateSysinit(request);
  moveInactiveReloads(plan, before, join(toplevel, "etc/systemd/system"));
  const jobsWentWell = [stopped, reactivated, reload(plan, print), restart(plan, print), start(plan, print)];
  const after = await settle(plan, before);
  for (const line of unitLine("the following new units were started", newlyActive(plan, before, after)))
    print(line);
  const failed = failedUnits(after);
  reportFailed(failed, print);
  if (failed.length > 0 || jobsWentWell.includes(false)) return 4;
  return activated ? 0 : 2;
}

function reloadManager({ toplevel, print }: SwitchRun, managerConfig: string): void {
  if (managerChanged(toplevel, managerConfig)) {
    print("restarting systemd...");
    run(["systemctl", "daemon-reexec"], { show: true });
  }
  // Failures from before must not look like this switch's own.
  run(["systemctl", "reset-failed"]);
  if (!run(["systemctl", "daemon-reload"], { timeoutMs: RELOAD_TIMEOUT_MS }).ok)
    throw new Error("daemon-reload failed");
}

function stop(plan: SwitchPlan, print: (line: string) => void): boolean {
  for (const line of unitLine("stopping the following units", withoutQuiet(plan.stop, plan))) print(line);
  const ok = plan.stop.size === 0 || systemctl("stop", plan.stop);
  for (const line of unitLine("NOT restarting the following changed units", plan.skip)) print(line);
  return ok;
}

function reportFailed(failed: readonly string[], print: (line: string) => void): void {
  if (failed.length === 0) return;
  for (const line of unitLine("warning: the following units failed", failed)) print(line);
  run(["systemctl", "status", "--no-pager", "--full", "--lines=10", "--", ...failed], { show: true });
}

function systemctl(verb: string, units: Iterable<string>): boolean {
  return run(["systemctl", verb, "--", ...units], { show: true }).ok;
}

function reload(plan: SwitchPlan, print: (line: string) => void): boolean {
  if (plan.reload.size === 0) return true;
  for (const line of unitLine("reloading the following units", plan.reload)) print(line);
  const ok = systemctl("reload", plan.reload);
  forgetList("reload");
  return ok;
}

function restart(plan: SwitchPlan, print: (line: string) => void): boolean {
  if (plan.restart.size === 0) return true;
  for (const line of unitLine("restarting the following units", plan.restart)) print(line);
  const ok = systemctl("restart", plan.restart);
  forgetList("restart");
  return ok;
}

function start(plan: SwitchPlan, print: (line: string) => void): boolean {
  for (const line of unitLine("starting the following units", withoutQuiet(plan.start, plan))) print(line);
  const ok = plan.start.size === 0 || systemctl("start", plan.start);
  forgetList("start");
  return ok;
}

/** Runs tmpfiles and the like again when the new system changed them (their units are bound to this target). */
function reactivateSysinit({ toplevel, print }: SwitchRun): boolean {
  const target = "sysinit-reactivation.target";
  if (!existsSync(join(toplevel, "etc/systemd/system", target))) return true;
  print(`restarting ${target}`);
  return systemctl("restart", [target]);
}

/** A unit that went down with one it requires cannot be reloaded: who asked for a reload wants it running. */
function moveInactiveReloads(plan: SwitchPlan, units: readonly UnitState[], nextUnits: string): void {
  const active = new Set(units.filter(isActive).map((unit) => unit.name));
  for (const name of plan.reload) {
    if (active.has(name)) continue;
    plan.reload.delete(name);
    const next = readUnit(nextUnits, name);
    if (next !== undefined && startsInstead(next)) plan.start.add(name);
  }
}

/** Waits until systemd has no job left, twice in a row, so that a unit that dies at once is seen dying. */
async function settle(plan: SwitchPlan, before: readonly UnitState[]): Promise<readonly UnitState[]> {
  const touched = plan.start.size + plan.restart.size + plan.reload.size - plan.quiet.size;
  const now = listUnits();
  // Targets that were active before: when starting them again changed no unit's state, nothing is under way.
  if (touched === 0 && isQuiet(now, before)) return now;
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  let quiet = 0;
  while (quiet < 2 && Date.now() < deadline) {
    quiet = hasJobs() ? 0 : quiet + 1;
    if (quiet < 2) await delay(QUIET_MS);
  }
  return listUnits();
}

/** No unit is on its way up or down, or newly active, that was not so before. */
function isQuiet(now: readonly UnitState[], before: readonly UnitState[]): boolean {
  const known = new Set(before.map(stateKey));
  return now.every((unit) => known.has(stateKey(unit)) || unit.active === "inactive");
}

function stateKey(unit: UnitState): string {
  return `${unit.name} ${unit.active}`;
}

function failedUnits(units: readonly UnitState[]): string[] {
  const restarting = units.filter((unit) => unit.sub === "auto-restart").map((unit) => unit.name);
  const statuses = showUnits(restarting, "ExecMainStatus");
  const failed = units.filter((unit) => unit.active === "failed").map((unit) => unit.name);
  return [...failed, ...restarting.filter((name) => (statuses.get(name) ?? "0") !== "0")].toSorted();
}

function newlyActive(plan: SwitchPlan, before: readonly UnitState[], after: readonly UnitState[]): string[] {
  const known = new Set(before.filter(isActive).map((unit) => unit.name));
  return after
    .filter((unit) => unit.active === "active" && !known.has(unit.name))
    .map((unit) => unit.name)
    .filter((name) => !plan.start.has(name) && !plan.restart.has(name) && !/\.(?:device|scope)$/.test(name));
}

function withoutQuiet(units: ReadonlySet<string>, plan: SwitchPlan): string[] {
  return [...units].filter((unit) => !plan.quiet.has(unit));
}

function managerChanged(toplevel: string, managerConfig: string): boolean {
  const wanted = realpathSync(join(toplevel, "systemd/lib/systemd/systemd"));
  return realpathSync("/proc/1/exe") !== wanted || readIfThere("/etc/systemd/system.conf") !== managerConfig;
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
