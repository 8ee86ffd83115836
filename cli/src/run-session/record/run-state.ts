/** PURE. What became of a run, from its record and from which processes are alive. A run that vanished is `lost`. */
import type { Ending, Process, RunRecord } from "./run-record.ts";

export type RunState =
  | { kind: "starting" }
  | { kind: "running" }
  /** It goes on, but the process that would note its exit code is gone. */
  | { kind: "unwatched" }
  | { kind: "ended"; code: number }
  | { kind: "lost"; why: string };

export type IsAlive = (process: Process) => boolean;

const signalBase = 128;

export function stateOf({ started, ended, maker }: RunRecord, isAlive: IsAlive): RunState {
  if (ended !== null) return endedState(ended.how);
  if (started === null) {
    return isAlive(maker) ? { kind: "starting" } : { kind: "lost", why: "it never started" };
  }
  if (isAlive(started.keeper)) return { kind: "running" };
  if (started.child !== null && isAlive(started.child)) return { kind: "unwatched" };
  return { kind: "lost", why: "it died together with the process that watched it" };
}

function endedState(how: Ending): RunState {
  if (how.kind !== "hung-up") return { kind: "ended", code: exitCodeOf(how) };
  return { kind: "lost", why: "its tmux server or session was killed, and its terminal with it" };
}

/** As a shell counts: 128 and the number of the signal that ended it. */
export function exitCodeOf(how: Ending): number {
  switch (how.kind) {
    case "exited":
    case "not-started":
      return how.code;
    case "signalled":
    case "hung-up":
      return signalBase + how.number;
  }
}

export function isLiving({ kind }: RunState): boolean {
  return kind === "starting" || kind === "running" || kind === "unwatched";
}
