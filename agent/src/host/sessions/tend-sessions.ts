/** SHELL. What is done while sessions run: their ends are looked for, late ones are killed, long logs are cut. On an idle node: nothing. */
import { ChimeraError } from "@chimera/proto/errors";
import { outlived } from "../../sessions/session-limits.ts";
import { watchUnitEnd } from "../activation/watch-unit.ts";
import { killUnits } from "../systemd/transient-units.ts";
import { closeEnded } from "./close-sessions.ts";
import { cutLog } from "./cut-log.ts";
import { loseTerminals } from "./lose-terminals.ts";
import { createPace, type Pace } from "./pace.ts";
import { runningOf, tell, type Live, type SessionsState } from "./sessions-state.ts";

/** While the kernel tells of ends, while somebody has to ask, while one is to be killed. */
const paceMs = { watched: 5_000, unwatched: 1_000, ending: 250 } as const;
/** Until the next look at logs: in that time a program that writes 1 GB a second is ahead of the bound by as much as fits into it. */
const logMs = 250;

export interface Tending {
  soon: () => void;
  stop: () => void;
}

export function tendSessions(state: SessionsState): Tending {
  const ends = createPace(() => look(state, () => ends.soon()));
  const logs: Pace = createPace(() => cutLogs(state), logMs);
  return {
    soon() {
      ends.soon();
      logs.soon();
    },
    stop() {
      ends.stop();
      logs.stop();
      for (const live of state.live.values()) live.unwatch?.();
    },
  };
}

async function look(state: SessionsState, soon: () => void): Promise<number | null> {
  const asked = runningOf(state);
  if (asked.length === 0) return null;
  try {
    await killLate(state, asked);
    await closeEnded(state, asked);
    if (state.areTerminalsInDoubt) await loseTerminals(state);
    forgetOutlived(state);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.options.log.warn({ error }, "sessions could not be looked at");
    return paceMs.unwatched;
  }
  const running = runningOf(state);
  if (running.length === 0) return null;
  for (const live of running) watchEnd(state, live, soon);
  if (running.some(({ record }) => record.ending !== null)) return paceMs.ending;
  return running.every(({ unwatch }) => unwatch !== null) ? paceMs.watched : paceMs.unwatched;
}

function watchEnd({ options }: SessionsState, live: Live, soon: () => void): void {
  live.unwatch ??= watchUnitEnd(live.record.unit.replace(/\.service$/, ""), soon, options.cgroups);
}

const sigkill = 9;

/** Whoever does not end when asked. */
async function killLate({ options }: SessionsState, asked: readonly Live[]): Promise<void> {
  const nowMs = options.uptimeMs();
  const late = asked.filter(({ record: { ending } }) => ending !== null && nowMs >= ending.killAtMs);
  await killUnits(
    late.map(({ record }) => ({ unit: record.unit, signal: sigkill })),
    options.systemdSocket,
  );
}

/** Gives back to the disk what is beyond the bound of each. */
async function cutLogs(state: SessionsState): Promise<number | null> {
  const running = runningOf(state).filter(({ record }) => record.log !== null);
  for (const live of running) await cutLog(state, live);
  return running.length === 0 ? null : logMs;
}

/** Of those that have ended. */
export function forgetOutlived(state: SessionsState): void {
  const records = [...state.live.values()].map(({ record }) => record);
  for (const name of outlived(records, state.options.nowMs())) {
    state.live.delete(name);
    state.store.remove(name);
    tell(state, { kind: "removed", name });
  }
}
