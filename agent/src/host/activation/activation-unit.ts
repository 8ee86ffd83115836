/**
 * SHELL. Activations run in transient units of their own: neither the agent's restart nor the tmux server's end
 * touches them. RemainAfterExit keeps an ended unit, and so its result, until we collect it; after a reboot the
 * journal knows by the boot id that there is none.
 */
import { mkdirSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { UnitFact } from "../../reconcile/decision.ts";
import type { UnitRecord } from "../../reconcile/journal.ts";
import { run, runOk, toolEnvironment } from "../run.ts";
import { readUnitState } from "../systemd/systemd.ts";
import type { ServiceRun, UnitState } from "../systemd/systemd-bus.ts";

const keptLogs = 20;
const maxLogBytes = 16 << 20;

export interface StartUnit {
  unit: UnitRecord;
  argv: readonly string[];
  runtimeSeconds: number;
  stateDir: string;
}

/** Returns once the program runs. systemd refuses a second unit of that name: it is never started twice. */
export async function startActivationUnit(start: StartUnit): Promise<void> {
  const log = logPath(start.stateDir, start.unit.name);
  mkdirSync(join(start.stateDir, "log"), { recursive: true, mode: 0o700 });
  pruneLogs(join(start.stateDir, "log"));
  await runOk("systemd-run", unitArguments(start, log), { timeoutMs: 30_000 });
}

export function unitArguments({ unit, argv, runtimeSeconds }: StartUnit, log: string): string[] {
  const properties = [
    "RemainAfterExit=yes",
    `RuntimeMaxSec=${runtimeSeconds}`,
    "KillMode=mixed",
    "TimeoutStopSec=10",
    "WorkingDirectory=/",
    `StandardOutput=append:${log}`,
    `StandardError=append:${log}`,
  ];
  return [
    "--quiet",
    "--no-ask-password",
    `--unit=${unit.name}.service`,
    "--service-type=exec",
    `--description=Chimera: ${unit.action} ${unit.toplevel}`,
    ...properties.map((property) => `--property=${property}`),
    ...Object.entries(toolEnvironment()).map(([name, value]) => `--setenv=${name}=${value}`),
    "--",
    ...argv,
  ];
}

/** Null when systemd does not answer. */
export async function readActivationUnit(name: string, stateDir: string): Promise<UnitFact | null> {
  const state = (await readUnitState(`${name}.service`)) ?? (await showUnit(name));
  if (state === null) return null;
  capLog(logPath(stateDir, name));
  return unitFact(state);
}

/** The socket's format is systemd's own affair: should it change, its own tool still knows. */
async function showUnit(name: string): Promise<UnitState | null> {
  const wanted = ["LoadState", "ActiveState", "SubState", "Result", "ExecMainStatus", "ExecMainCode"];
  const args = ["show", `${name}.service`, ...wanted.map((property) => `--property=${property}`)];
  const { exitCode, stdout } = await run("systemctl", args, { timeoutMs: 10_000 });
  return exitCode === 0 ? parseUnit(stdout) : null;
}

export function parseUnit(show: string): UnitState {
  const facts = new Map(
    show.split("\n").map((line): [string, string] => {
      const equals = line.indexOf("=");
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
  const text = (name: string) => facts.get(name) ?? "";
  return {
    load: text("LoadState"),
    active: text("ActiveState"),
    sub: text("SubState"),
    run: {
      result: text("Result"),
      execMainCode: Number(text("ExecMainCode")),
      execMainStatus: Number(text("ExecMainStatus")),
    },
  };
}

export function unitFact({ load, active, sub, run: last }: UnitState): UnitFact {
  if (active === "failed" || (active === "active" && sub === "exited"))
    return { kind: "ended", ...endOf(last) };
  return active === "inactive" || load === "not-found" ? { kind: "absent" } : { kind: "running" };
}

function endOf(last: ServiceRun | null): {
  result: "exited" | "timeout" | "killed";
  exitCode: number | null;
} {
  if (last?.result === "timeout") return { result: "timeout", exitCode: null };
  // A CLD_ constant: 1 is exited, all others are signals.
  return last?.execMainCode === 1
    ? { result: "exited", exitCode: last.execMainStatus }
    : { result: "killed", exitCode: null };
}

/** Forgets an ended unit, so that systemd does not keep it failed for ever. A running one is left alone. */
export async function collectActivationUnit(name: string, stateDir: string): Promise<void> {
  const fact = await readActivationUnit(name, stateDir);
  if (fact?.kind !== "ended") return;
  // One that ended well is kept only by RemainAfterExit; one that did not is kept as failed.
  const isKept = fact.result === "exited" && fact.exitCode === 0;
  await run("systemctl", [isKept ? "stop" : "reset-failed", `${name}.service`], { timeoutMs: 30_000 });
}

/** Ends a unit that runs: what systemd waits for before it kills is the unit's own time limit. */
export async function stopActivationUnit(name: string, stateDir: string): Promise<void> {
  await run("systemctl", ["stop", `${name}.service`], { timeoutMs: 30_000 });
  await collectActivationUnit(name, stateDir);
}

function logPath(stateDir: string, name: string): string {
  return join(stateDir, "log", `${name}.log`);
}

/** systemd appends, so writing goes on at the new end. */
function capLog(log: string): void {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxLogBytes) truncateSync(log, 0);
}

function pruneLogs(folder: string): void {
  const logs = readdirSync(folder)
    .map((name) => ({ name, changed: statSync(join(folder, name)).mtimeMs }))
    .toSorted((a, b) => b.changed - a.changed);
  for (const { name } of logs.slice(keptLogs - 1)) rmSync(join(folder, name), { force: true });
}
