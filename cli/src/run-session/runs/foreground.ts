/** SHELL. A run without a session: its streams are the caller's, byte by byte, and `chimera run` itself notes its end. */
import { launch, type Launched } from "../keep/launch.ts";
import { exitCodeOf } from "../record/run-state.ts";
import type { Io } from "../../io.ts";
import { identify, readProcess } from "./processes.ts";
import { writeRecord } from "./run-store.ts";
import type { Claimed, Start } from "./start-run.ts";

const passedOn = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

/** Its exit code, as a shell counts it. */
export async function runInForeground(io: Io, { folder, record }: Claimed, start: Start): Promise<number> {
  const early: NodeJS.Signals[] = [];
  const target = { kill: (signal: NodeJS.Signals): void => void early.push(signal) };
  passSignals(target);
  const launched = launch({ ...start, stdio: "inherit" });
  target.kill = (signal) => launched.kill(signal);
  for (const signal of early) launched.kill(signal);
  const started = { at: isoNow(io), keeper: identify("self"), child: launched.child };
  writeRecord(folder, { ...record, started });
  const how = await launched.ended;
  writeRecord(folder, { ...record, started, ended: { at: isoNow(io), how } });
  if (how.kind === "not-started") io.err(`chimera: ${how.reason}\n`);
  return exitCodeOf(how);
}

/** From before the start: a script may be as fast as its caller. */
function passSignals(target: Pick<Launched, "kill">): void {
  for (const signal of passedOn) {
    process.on(signal, () => {
      if (!cameToAll(signal)) target.kill(signal);
    });
  }
}

/** A key of the terminal reaches every process in front of it: passed on as well, it would count twice. */
function cameToAll(signal: (typeof passedOn)[number]): boolean {
  if (signal !== "SIGINT" && signal !== "SIGQUIT" && signal !== "SIGWINCH") return false;
  const self = readProcess("self");
  return self !== undefined && self.group === self.terminalGroup;
}

function isoNow(io: Io): string {
  return new Date(io.nowMs()).toISOString();
}
