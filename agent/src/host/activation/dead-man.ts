/**
 * SHELL. The dead-man: a timer of systemd that undoes an order when nobody else has. It counts from systemd's own start
 * (`--on-startup`): a timer from now would begin anew at each reload, which an activation does. What it starts lies in the
 * previous closure, or uses that closure's tools only: the new system may have broken everything else.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Digest, StorePath } from "@chimera/proto/names";
import { isActiveAgent } from "../agent/agent-path.ts";
import { deadManScript } from "./dead-man-script.ts";
import { run, runOk } from "../run.ts";
import { writeDurably } from "../state/state-file.ts";
import { readUnitState } from "../systemd/systemd.ts";

export interface DeadManOrder {
  order: Digest;
  unit: string;
  /** Uptime at which it fires. */
  atMs: number;
  previous: StorePath;
}

export interface DeadManPlaces {
  stateDir: string;
  runtimeDir: string;
  /** Store path of the agent that arms it: one of the same path knows the command. */
  ownPath: StorePath | null;
}

const toolMs = 30_000;

/** Of every order: only one is under way at a time. */
const allTimers = "chimera-dead-man-*.timer";

/** One that is left of an earlier try would fire into this one: it makes room first. */
export async function armDeadMan(order: DeadManOrder, places: DeadManPlaces): Promise<void> {
  await disarmDeadMan();
  await startTimer(order, places);
}

async function startTimer(order: DeadManOrder, places: DeadManPlaces): Promise<void> {
  const startedMs = await managerStartMs();
  const delayMs = Math.max(1_000, order.atMs - startedMs);
  await runOk(
    "systemd-run",
    [
      "--quiet",
      "--no-ask-password",
      "--collect",
      `--unit=${order.unit}`,
      `--on-startup=${delayMs}ms`,
      "--timer-property=AccuracySec=50ms",
      "--description=Chimera: dead-man of an activation",
      "--property=TimeoutStartSec=infinity",
      "--",
      ...commandOf(order, places),
    ],
    { timeoutMs: toolMs },
  );
}

/** Null when systemd does not answer. */
export async function isDeadManArmed(unit: string): Promise<boolean | null> {
  const state = await readUnitState(`${unit}.timer`);
  if (state !== null) return state.active === "active";
  const { exitCode } = await run("systemctl", ["is-active", "--quiet", `${unit}.timer`], {
    timeoutMs: toolMs,
  });
  return exitCode === null ? null : exitCode === 0;
}

/** Whatever is armed, also by an order whose journal was lost; one that has fired is disarmed too. */
export async function disarmDeadMan(): Promise<void> {
  await runOk("systemctl", ["stop", allTimers], { timeoutMs: toolMs });
}

function commandOf({ order, unit, previous }: DeadManOrder, places: DeadManPlaces): string[] {
  const agent = `${previous}/sw/bin/chimera-agent`;
  const config = `${previous}/etc/chimera/agent.json`;
  if (isOwn(agent, places.ownPath) && existsSync(config)) {
    return [agent, "dead-man", "--config", config, "--order", order];
  }
  const script = join(places.runtimeDir, `${unit}.sh`);
  const shell = existsSync(`${previous}/sw/bin/sh`) ? `${previous}/sw/bin/sh` : "/bin/sh";
  writeDurably(script, deadManScript({ shell, order, previous, ...places }));
  return [shell, script];
}

/** An agent of another version may not know the command. */
function isOwn(agent: string, ownPath: StorePath | null): boolean {
  return ownPath !== null && existsSync(agent) && isActiveAgent(ownPath, agent);
}

/** Milliseconds of uptime at which systemd started; timers "on startup" count from there. */
async function managerStartMs(): Promise<number> {
  const property = ["show", "--property=UserspaceTimestampMonotonic", "--value"];
  const { stdout } = await runOk("systemctl", property, { timeoutMs: toolMs });
  return Math.round(Number(stdout.trim()) / 1000);
}
