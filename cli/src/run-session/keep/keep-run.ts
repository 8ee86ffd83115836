/**
 * SHELL. The keeper: parent of a run's command in a session, which notes its end. It outlives the terminal and `chimera run`,
 * and where the command has no terminal, the tmux server too. Everything is loaded at the start: its package may be replaced.
 */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Ending, RunRecord } from "../record/run-record.ts";
import { identify, readProcess } from "../runs/processes.ts";
import { files } from "../runs/run-files.ts";
import { cutLog } from "./cut-log.ts";
import { takeHandover, type Handover } from "./handover.ts";
import { launch, type Launched } from "./launch.ts";
import { beginPaneLog, finishPane } from "./pane-log.ts";
import { writeWhole } from "./write-whole.ts";

export async function keepRun(handoverPath: string): Promise<void> {
  const handover = takeHandover(handoverPath);
  const { folder, tmux } = handover;
  const seen = watchSignals();
  const pane = tmux === null ? null : await beginPaneLog(join(folder, files.output), tmux);
  const launched = start(handover, pane !== null);
  const cutter = cutLog(folder, handover.logLimit);
  seen.onTerminate = () => launched.kill("SIGTERM");
  if (pane !== null) seen.onHangup = () => hangUp(launched);
  if (seen.hangup) seen.onHangup();
  const started = { at: isoNow(), keeper: identify("self"), child: launched.child };
  // What could not be started ends at once, and is noted with its end: whoever waits for the start must not miss that.
  if (launched.child !== null) note(handover, { started });
  const how = whetherHungUp(await launched.ended, seen);
  note(handover, { started, ended: { at: isoNow(), how } });
  if (how.kind === "not-started") process.stderr.write(`chimera: ${how.reason}\n`);
  // Last: a terminal may be gone, or stopped, and the record is not to wait for it.
  if (pane !== null) await finishPane(pane, join(folder, files.screen));
  await cutter.stop();
  process.exit();
}

function start(handover: Handover, hasTerminal: boolean): Launched {
  if (hasTerminal) return launch({ ...handover, env: withTerminal(handover.env), stdio: "inherit" });
  const output = openSync(join(handover.folder, files.output), "a", 0o600);
  const launched = launch({ ...handover, stdio: ["ignore", output, output] });
  closeSync(output);
  return launched;
}

function note({ folder, record }: Handover, known: Partial<Pick<RunRecord, "started" | "ended">>): void {
  writeWhole(join(folder, files.record), `${JSON.stringify({ ...record, ...known })}\n`);
}

interface Seen {
  hangup: boolean;
  onHangup: () => void;
  onTerminate: () => void;
}

/** Keys of the terminal reach the command by themselves; the keeper stays to see what they did. */
function watchSignals(): Seen {
  const seen: Seen = { hangup: false, onHangup: () => undefined, onTerminate: () => undefined };
  for (const signal of ["SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const)
    process.on(signal, () => undefined);
  process.on("SIGHUP", () => {
    if (seen.hangup) return;
    seen.hangup = true;
    seen.onHangup();
  });
  process.on("SIGTERM", () => seen.onTerminate());
  return seen;
}

/** The kernel tells only the first process of a session that its terminal is gone: it is for us to pass it on. */
function hangUp(launched: Launched): void {
  const { child } = launched;
  process.kill(0, "SIGHUP");
  // A shell that controls jobs has made a group of its own.
  if (child !== null && readProcess(child.pid)?.group !== readProcess("self")?.group) launched.kill("SIGHUP");
}

function whetherHungUp(how: Ending, { hangup }: Seen): Ending {
  return how.kind === "signalled" && how.signal === "SIGHUP" && hangup
    ? { kind: "hung-up", number: how.number }
    : how;
}

/** What the pane's own terminal is, in place of that of whoever called. */
function withTerminal(env: Handover["env"]): Record<string, string> {
  const own = ["TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...env, ...Object.fromEntries(own) };
}

function isoNow(): string {
  return new Date().toISOString();
}
