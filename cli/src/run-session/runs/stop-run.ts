/** SHELL. Ends a run: SIGTERM to all of its processes, and SIGKILL to those that are still there after a while. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../../io.ts";
import type { RunRecord } from "../record/run-record.ts";
import { isLiving } from "../record/run-state.ts";
import { allProcesses, isAlive, type ProcessFacts } from "./processes.ts";
import { awaitStart } from "./start-run.ts";
import { readRun, type Run } from "./run-store.ts";

const lookMs = 20;
/** For the kernel to take away what was killed, and the keeper to note it. */
const settleMs = 5000;

/** The run as it is then. Throws deadline-exceeded when something survives SIGKILL. */
export async function stopRun(io: Io, run: Run, seconds: number): Promise<Run> {
  if (!isLiving(run.state)) return run;
  const { id } = run;
  const { record } = run.state.kind === "starting" ? await awaitStart(io, id) : run;
  send(record, "SIGTERM");
  // What was stopped cannot end.
  send(record, "SIGCONT");
  const stopped = await awaitEnd(io, id, seconds * 1000);
  if (stopped !== undefined) return stopped;
  send(record, "SIGKILL");
  const killed = await awaitEnd(io, id, settleMs);
  if (killed !== undefined) return killed;
  throw new ChimeraError(
    "deadline-exceeded",
    `${id} has processes that survive SIGKILL: they wait in the kernel`,
  );
}

async function awaitEnd(io: Io, id: string, forMs: number): Promise<Run | undefined> {
  for (const begunMs = io.nowMs(); ; await io.sleep(lookMs)) {
    const found = readRun(io, id);
    if (found.kind === "broken") throw new ChimeraError("state-invalid", `${id}: ${found.reason}`);
    if (!isLiving(found.run.state)) return found.run;
    if (io.nowMs() - begunMs >= forMs) return undefined;
  }
}

function send(record: RunRecord, signal: NodeJS.Signals): void {
  for (const { pid } of processesOf(record)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It is gone already.
    }
  }
}

/**
 * All below its command, and in a session all that belong to it, for there the keeper is the session's first process. In the
 * foreground the session is that of the caller's own shell.
 */
function processesOf({ mode, started }: RunRecord): ProcessFacts[] {
  if (started === null) return [];
  const all = allProcesses();
  const { keeper, child } = started;
  const below = new Set(child !== null && isAlive(child) ? [child.pid] : []);
  for (let size = -1; size !== below.size;) {
    size = below.size;
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid);
  }
  return all.filter(
    ({ pid, session }) =>
      pid !== keeper.pid && (below.has(pid) || (mode !== "foreground" && session === keeper.pid)),
  );
}
