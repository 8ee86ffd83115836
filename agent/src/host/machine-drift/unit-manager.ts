/** SHELL. What is asked of systemd, and what it is told to do: its own tools, by argv, only when something differs. */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { PutBack } from "../drift/drift-response.ts";
import { run, type RunResult } from "../run.ts";
import { askLoadedUnits, askUnitFiles, type UnitFiles } from "../systemd/unit-files.ts";

export interface UnitManager {
  /** Throws tool-failed. */
  loaded(): Promise<string[]>;
  /** Throws tool-failed. */
  files(names: readonly string[]): Promise<UnitFiles[]>;
  /** Null when it went well, else what systemd said. */
  reload(): Promise<string | null>;
  /** However often it was started lately: who asks has a bound of his own. */
  restart(unit: string): Promise<string | null>;
}

/** systemd itself gives up a reload after 90 s by default. */
const reloadMs = 120_000;
/** What is removed in this time is one reload: each reads every unit of the machine. */
const gatherMs = 20;

export function createUnitManager(): UnitManager {
  return {
    loaded: () => askLoadedUnits(),
    files: (names) => askUnitFiles(names),
    reload: gathered(() => systemctl(["daemon-reload"])),
    restart: createRestarts(),
  };
}

function createRestarts(): UnitManager["restart"] {
  const restarts = new Map<string, () => Promise<string | null>>();
  return (unit) => {
    const restart = restarts.get(unit) ?? gathered(() => restartUnit(unit));
    restarts.set(unit, restart);
    return restart();
  };
}

/** systemd refuses a sixth start within 10 s by default; resetting a unit forgets its starts, of one that did not fail too. */
async function restartUnit(unit: string): Promise<string | null> {
  await systemctl(["reset-failed", "--", unit]);
  return systemctl(["restart", "--", unit]);
}

/** Whoever asks before the action begins shares it; whoever comes later gets the next one. */
export function gathered<T>(action: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | null = null;
  const start = async (): Promise<T> => {
    await delay(gatherMs);
    next = null;
    return action();
  };
  return () => {
    next ??= start();
    return next;
  };
}

/** What was done, unless the reload after it failed. */
export function reloaded(done: PutBack, problem: string | null): PutBack {
  if (problem === null) return done;
  return { kind: "failed", code: "reload-failed", message: `daemon-reload: ${problem}`.slice(0, 2048) };
}

/** As getcap prints it, without the file's name; null when it cannot be asked. */
export async function askCapabilities(tools: string, file: string): Promise<string | null> {
  const answer = await runOrNull(`${tools}/getcap`, [file], 10_000);
  if (answer?.exitCode !== 0) return null;
  const said = answer.stdout.trim();
  return said.startsWith(file) ? said.slice(file.length).trim() : "";
}

async function systemctl(args: readonly string[]): Promise<string | null> {
  const answer = await runOrNull("systemctl", ["--no-ask-password", ...args], reloadMs);
  if (answer === null) return "systemctl could not be started";
  const { exitCode, stderr, timedOut } = answer;
  if (exitCode === 0) return null;
  const said = stderr.trim().slice(-512);
  return timedOut ? "no answer in 120 s" : said || `systemctl ended with ${exitCode ?? "a signal"}`;
}

/** A tool that is not there is an answer too: the sweep goes on. */
async function runOrNull(
  file: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<RunResult | null> {
  try {
    return await run(file, args, { timeoutMs });
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
