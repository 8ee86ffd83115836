/** SHELL. The end of sessions: how it was, on the disk, before systemd is told that it may forget it. */
import { ChimeraError } from "@chimera/proto/errors";
import { judgeEnd, lost, type UnitEnd } from "../../sessions/judge-end.ts";
import { closed, endWords, type SessionEnd, type SessionRecord } from "../../sessions/session-record.ts";
import { cutLog } from "./cut-log.ts";
import { collectUnits, listUnits, readRuns, type ListedUnit } from "../systemd/transient-units.ts";
import {
  keep,
  liveFacts,
  noteBegun,
  pictureFile,
  tell,
  type Live,
  type SessionsState,
} from "./sessions-state.ts";
import { keepPicture, lastPictures, type LastPicture } from "./last-pictures.ts";
import { closePanes, tmuxSocket } from "./terminal-panes.ts";

const ownUnits = "chimera-session-*.service";
const leadUnits = "chimera-rollout-*.service";

/** Closes what has ended since the last look. Throws tool-failed where systemd does not answer, file-unreadable where the disk refuses. */
export async function closeEnded(state: SessionsState, asked: readonly Live[]): Promise<void> {
  const { systemdSocket } = state.options;
  const isLed = asked.some(({ record }) => record.leads !== null);
  const listed = await listUnits(isLed ? [ownUnits, leadUnits] : [ownUnits], systemdSocket);
  // From here on the next agent looks, and what it has listed must not be forgotten under its hands.
  if (state.isClosed) return;
  const found = new Map(listed.map((unit) => [unit.name, unit]));
  const ended = asked.filter(({ record }) => record.leads === null && hasEnded(found.get(record.unit)));
  const gone = asked.filter(({ record }) => isGone(found.get(record.unit)));
  noteBegun(
    state,
    asked.filter((live) => !live.record.hasBegun && !gone.includes(live)),
  );
  const runs = await readRuns(
    ended.map(({ record }) => record.unit),
    systemdSocket,
  );
  if (state.isClosed) return;
  const units = ended.map(({ record }) => record.unit);
  const ends = [
    ...ended.map((live, index) => ({ live, end: judgeRun(live.record, runs[index]) })),
    ...gone.map((live) => ({ live, end: judgeGone(state, live.record) })),
  ];
  // Nobody hears of an end before its name can be given to another one.
  await closeAll(state, ends, async () => {
    if (!state.isClosed) await collectUnits(units, systemdSocket);
  });
}

function hasEnded(unit: ListedUnit | undefined): boolean {
  return unit?.active === "failed" || (unit?.active === "active" && unit.sub === "exited");
}

function isGone(unit: ListedUnit | undefined): boolean {
  return unit === undefined || (unit.active === "inactive" && !unit.hasJob);
}

function judgeRun(record: SessionRecord, run: UnitEnd | undefined): SessionEnd {
  return run === undefined ? lost("systemd does not say how it ended") : judgeEnd(record, run);
}

function judgeGone({ options }: SessionsState, { leads, hasBegun }: SessionRecord): SessionEnd {
  // One that begins stays known to systemd until its end was read.
  if (!hasBegun)
    return lost("it never began: systemd had made no unit of it when the agent ended, or failed");
  if (leads === null) return lost("its unit is gone: whoever stopped it took its end with it");
  const ended = options.endOfRollout(leads);
  if (ended === null) return lost("its unit is gone, and no end of its rollout was noted");
  const endedAt = new Date(options.nowMs()).toISOString();
  return { state: "ended", endedAt, exitCode: 0, signal: null, note: ended.slice(0, 512) };
}

/** Written down, told, and what showed them is put away. */
export async function closeAll(
  state: SessionsState,
  ends: readonly { live: Live; end: SessionEnd }[],
  afterwards: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  if (ends.length === 0) return;
  const now = new Date(state.options.nowMs()).toISOString();
  await endRecordings(ends);
  const lasts = await lastOutputs(
    state,
    ends.map(({ live }) => live),
  );
  const records = ends.map(({ live, end }, index) => ({
    ...closed(live.record, end, now),
    ...lasts[index],
    recordedBytes: live.recorded,
  }));
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

/** While what there is to be seen still is. */
async function endRecordings(ends: readonly { live: Live; end: SessionEnd }[]): Promise<void> {
  await Promise.all(
    ends.flatMap(({ live: { recorder }, end }) => (recorder === null ? [] : [recorder.end(endWords(end))])),
  );
}

type LastOutput = Partial<Pick<SessionRecord, "bytes" | "history" | "size">>;

/** What is known of their output from here on. */
async function lastOutputs(state: SessionsState, lives: readonly Live[]): Promise<LastOutput[]> {
  for (const live of lives) await cutLog(state, live);
  const shown = lives.filter(({ record }) => record.terminal !== null);
  const panes = shown.map(({ record }) => record.terminal?.pane ?? "");
  const pictures = await lastPictures(tmuxSocket(state.options.runtimeDir), panes);
  const kept = new Map(shown.map((live, index) => [live, keepLast(state, live, pictures[index] ?? null)]));
  return lives.map((live) => kept.get(live) ?? { bytes: liveFacts(live).bytes });
}

function keepLast(state: SessionsState, { record }: Live, picture: LastPicture | null): LastOutput {
  const { log } = state.options;
  if (picture === null) {
    log.warn({ session: record.name }, "a terminal was gone before its last picture was taken");
    return {};
  }
  const { history, screen, size } = picture;
  try {
    keepPicture(pictureFile(state, record.name), picture);
    return { bytes: history.length + screen.length, history: history.length, size };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log.warn({ session: record.name, error }, "a terminal's last picture was not kept");
    return {};
  }
}
