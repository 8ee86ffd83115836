/** SHELL. The end of sessions: how it was, on the disk, before systemd is told that it may forget it. */
import { ChimeraError } from "@chimera/proto/errors";
import { judgeEnd, lost, type UnitEnd } from "../../sessions/judge-end.ts";
import { closed, type SessionEnd, type SessionRecord } from "../../sessions/session-record.ts";
import { cutLog } from "./cut-log.ts";
import { collectUnits, listUnits, readRuns, type ListedUnit } from "../systemd/transient-units.ts";
import {
  keep,
  liveFacts,
  pictureFile,
  sizeOf,
  tell,
  type Live,
  type SessionsState,
} from "./sessions-state.ts";
import { closePanes, keepLastPicture, tmuxSocket } from "./terminal-panes.ts";

const ownUnits = "chimera-session-*.service";
const leadUnits = "chimera-rollout-*.service";

/** Closes what has ended since the last look. Throws tool-failed where systemd does not answer, file-unreadable where the disk refuses. */
export async function closeEnded(state: SessionsState, asked: readonly Live[]): Promise<void> {
  const { systemdSocket } = state.options;
  const isLed = asked.some(({ record }) => record.leads !== null);
  const listed = await listUnits(isLed ? [ownUnits, leadUnits] : [ownUnits], systemdSocket);
  const found = new Map(listed.map((unit) => [unit.name, unit]));
  const ended = asked.filter(({ record }) => record.leads === null && hasEnded(found.get(record.unit)));
  const gone = asked.filter(({ record }) => isGone(found.get(record.unit)));
  const runs = await readRuns(
    ended.map(({ record }) => record.unit),
    systemdSocket,
  );
  const units = ended.map(({ record }) => record.unit);
  const ends = [
    ...ended.map((live, index) => ({ live, end: judgeRun(live.record, runs[index]) })),
    ...gone.map((live) => ({ live, end: judgeGone(state, live.record) })),
  ];
  // Nobody hears of an end before its name can be given to another one.
  await closeAll(state, ends, () => collectUnits(units, systemdSocket));
}

function hasEnded(unit: ListedUnit | undefined): boolean {
  return unit?.active === "failed" || (unit?.active === "active" && unit.sub === "exited");
}

function isGone(unit: ListedUnit | undefined): boolean {
  return unit === undefined || unit.active === "inactive";
}

function judgeRun(record: SessionRecord, run: UnitEnd | undefined): SessionEnd {
  return run === undefined ? lost("systemd does not say how it ended") : judgeEnd(record, run);
}

function judgeGone({ options }: SessionsState, { leads }: SessionRecord): SessionEnd {
  if (leads === null) return lost("its unit is gone: whoever stopped it took its end with it");
  const ended = options.endedRollout();
  if (ended?.head !== leads) return lost("its unit is gone, and no end of its rollout was noted");
  const endedAt = new Date(options.nowMs()).toISOString();
  return { state: "ended", endedAt, exitCode: 0, signal: null, note: ended.phase.slice(0, 512) };
}

/** Written down, told, and what showed them is put away. */
export async function closeAll(
  state: SessionsState,
  ends: readonly { live: Live; end: SessionEnd }[],
  afterwards: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  if (ends.length === 0) return;
  const now = new Date(state.options.nowMs()).toISOString();
  const records: SessionRecord[] = [];
  for (const { live, end } of ends) {
    const last = await lastOutput(state, live);
    records.push({ ...closed(live.record, end, now), ...last });
  }
  await keep(
    state,
    ends.map(({ live }) => live),
    records,
  );
  const panes = ends.flatMap(({ live }) => live.record.terminal?.session ?? []);
  await closePanes(tmuxSocket(state.options.runtimeDir), panes);
  await afterwards();
  for (const { live } of ends) {
    live.unwatch?.();
    live.unwatch = null;
    tell(state, { kind: "ended", facts: liveFacts(live) });
  }
}

/** What is known of its output from here on. */
async function lastOutput(
  state: SessionsState,
  live: Live,
): Promise<Partial<Pick<SessionRecord, "bytes" | "history" | "size">>> {
  const { log, terminal, name } = live.record;
  if (log !== null) {
    await cutLog(state, live);
    return { bytes: sizeOf(log.file) };
  }
  if (terminal === null) return {};
  try {
    const socket = tmuxSocket(state.options.runtimeDir);
    return await keepLastPicture(socket, terminal.session, pictureFile(state, name));
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.options.log.warn({ session: name, error }, "a terminal's last picture was not kept");
    return {};
  }
}
