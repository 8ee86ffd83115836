// SHELL: one run of switch-to-configuration, after the wrapper took the lock (nixos.md §2.2).
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compareFstab } from "./compare-fstab.ts";
import { loadSwitchInput } from "./load-units.ts";
import { unitLine } from "./messages.ts";
import { planSwitch, type SwitchPlan } from "./plan-switch.ts";
import { recordLists, resumeInto } from "./resume-lists.ts";
import { switchUnits } from "./switch-units.ts";
import { listUnits, run } from "./systemctl.ts";

export const ACTIONS = ["check", "switch", "boot", "test", "dry-activate"] as const;
type Action = (typeof ACTIONS)[number];

export interface SwitchRequest {
  readonly action: Action;
  readonly toplevel: string;
  readonly preSwitchCheck: string;
  readonly installBootloader: string;
  readonly env: NodeJS.ProcessEnv;
  readonly print: (line: string) => void;
}

export async function switchSystem(request: SwitchRequest): Promise<number> {
  const early = prepare(request);
  if (early !== undefined) return early;
  const { action, toplevel, print } = request;
  const plan = planUnits(toplevel);
  resumeInto(plan);
  const swaps = planFileSystems(plan, toplevel);
  if (action === "dry-activate") return dryActivate({ toplevel, plan, swaps, print });

  journal(`switching to system configuration ${toplevel}`);
  recordLists(plan);
  for (const device of swaps) {
    print(`stopping swap device: ${device}`);
    run(["swapoff", device], { show: true });
  }
  const code = await switchUnits({ toplevel, plan, print });
  const failure = `switching to system configuration ${toplevel} failed (status ${code})`;
  if (code !== 0) print(failure);
  journal(code === 0 ? `finished switching to system configuration ${toplevel}` : failure);
  return code;
}

/** Everything before the units; an exit code when that was all, or when it went wrong. */
function prepare(request: SwitchRequest): number | undefined {
  const { action, toplevel, env, print } = request;
  const refusal = refuse(request);
  if (refusal !== undefined) {
    print(refusal);
    return 1;
  }
  if (action === "check") return 0;
  const writesBoot = action === "switch" || action === "boot";
  if (writesBoot && !run([request.installBootloader, toplevel], { show: true }).ok) {
    print("Failed to install bootloader");
    return 1;
  }
  // So that a power cut after the switch finds in the store what the boot default names.
  if (action !== "dry-activate" && env["NIXOS_NO_SYNC"] !== "1") run(["sync", "-f", "/nix/store"]);
  if (action === "boot") return 0;
  if (!initChanged(toplevel)) return undefined;
  print(
    "Warning: the new NixOS configuration has an ‘init’ that is incompatible with the current configuration.",
  );
  print("The new configuration won't take effect until you reboot the system.");
  return 100;
}

function refuse({ action, toplevel, preSwitchCheck, env }: SwitchRequest): string | undefined {
  if (!existsSync("/etc/NIXOS")) return "This is not a NixOS installation!";
  if (env["NIXOS_NO_CHECK"] === "1") return undefined;
  return run([preSwitchCheck, toplevel, action], { show: true }).ok ? undefined : "Pre-switch checks failed";
}

function planUnits(toplevel: string): SwitchPlan {
  return planSwitch(loadSwitchInput(listUnits(), join(toplevel, "etc/systemd/system")));
}

function planFileSystems(plan: SwitchPlan, toplevel: string): readonly string[] {
  const changes = compareFstab(readIfThere("/etc/fstab"), readIfThere(join(toplevel, "etc/fstab")));
  for (const unit of changes.restart) plan.restart.add(unit);
  for (const unit of changes.reload) plan.reload.add(unit);
  for (const unit of changes.stop) plan.stop.add(unit);
  for (const unit of changes.skip) plan.skip.add(unit);
  return changes.swapoff;
}

interface DryRun {
  readonly toplevel: string;
  readonly plan: SwitchPlan;
  readonly swaps: readonly string[];
  readonly print: (line: string) => void;
}

function dryActivate({ toplevel, plan, swaps, print }: DryRun): number {
  const shown = (units: ReadonlySet<string>): string[] => [...units].filter((unit) => !plan.quiet.has(unit));
  const lines = [
    ...swaps.map((device) => `would stop swap device: ${device}`),
    ...unitLine("would stop the following units", shown(plan.stop)),
    ...unitLine("would NOT stop the following changed units", plan.skip),
    "would activate the configuration...",
  ];
  for (const line of lines) print(line);
  run([join(toplevel, "dry-activate")], { show: true });
  for (const line of [
    ...unitLine("would reload the following units", plan.reload),
    ...unitLine("would restart the following units", plan.restart),
    ...unitLine("would start the following units", shown(plan.start)),
  ])
    print(line);
  return 0;
}

function initChanged(toplevel: string): boolean {
  const current = readIfThere("/run/current-system/init-interface-version");
  return current !== readIfThere(join(toplevel, "init-interface-version"));
}

function journal(line: string): void {
  // Not waited for: a journal that hangs must not hold up a switch.
  spawn("logger", ["-t", "nixos", "--", line], { stdio: "ignore", detached: true }).unref();
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
