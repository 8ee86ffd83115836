/** SHELL. What a new agent makes of the sessions that an earlier one had: all of them are found again, or reported lost. */
import { ChimeraError } from "@chimera/proto/errors";
import { SessionRun, type SessionName } from "@chimera/proto/sessions/session";
import { lost } from "../../sessions/judge-end.ts";
import { newRecord, type SessionRecord } from "../../sessions/session-record.ts";
import { collectUnits, listUnits } from "../systemd/transient-units.ts";
import { recordedBytes } from "./cast-file.ts";
import { closeAll } from "./close-sessions.ts";
import { sessionUnit } from "./session-units.ts";
import { createLive, runningOf, type Live, type SessionsState } from "./sessions-state.ts";
import { loseTerminals } from "./lose-terminals.ts";
import { forgetOutlived } from "./tend-sessions.ts";

/** Puts what was written down into its place, at once. */
export function readSessions(state: SessionsState): void {
  const { records, unreadable } = state.store.read();
  for (const record of records) state.live.set(record.name, foundLive(state, record));
  for (const name of unreadable) state.live.set(name, createLive(unreadableRecord(state, name)));
}

/** What an earlier agent recorded of one that runs is beside its record. */
function foundLive({ store }: SessionsState, record: SessionRecord): Live {
  const live = createLive(record);
  if (record.state === "running" && record.output === "terminal")
    live.recorded = recordedBytes(store.folderOf(record.name));
  return live;
}

/** Then what became of them. Throws what a look throws; it may be called again. */
export async function settleSessions(state: SessionsState): Promise<void> {
  const { options } = state;
  const running = runningOf(state);
  const before = running.filter(({ record }) => record.bootId !== options.bootId);
  // What their terminals were called may be somebody else's now.
  for (const live of before) live.record = { ...live.record, terminal: null };
  await closeAll(
    state,
    before.map((live) => ({ live, end: lost("the machine was restarted: nobody saw its end") })),
  );
  await loseTerminals(state);
  await collectStrangers(state);
  forgetOutlived(state);
}

/** Units of sessions that nobody knows, or that are over: those that have ended would stay for ever. */
async function collectStrangers(state: SessionsState): Promise<void> {
  const { options } = state;
  try {
    const listed = await listUnits(["chimera-session-*.service"], options.systemdSocket);
    const known = new Set(runningOf(state).map(({ record }) => record.unit));
    const strangers = listed.filter(({ name }) => !known.has(name));
    if (strangers.length === 0) return;
    options.log.warn(
      { units: strangers.map(({ name }) => name).slice(0, 32) },
      "there are units of unknown sessions",
    );
    const ended = strangers.filter(({ active, sub }) => active === "failed" || sub === "exited");
    await collectUnits(
      ended.map(({ name }) => name),
      options.systemdSocket,
    );
    const left = strangers.filter((unit) => !ended.includes(unit)).map(({ name }) => name);
    if (left.length > 0) for (const listener of state.strangers) listener(left);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    options.log.warn({ error }, "units of unknown sessions were not looked for");
  }
}

/** It stays in memory alone: what its record said lies aside. */
function unreadableRecord({ options }: SessionsState, name: SessionName): SessionRecord {
  const now = new Date(options.nowMs()).toISOString();
  return newRecord({
    name,
    kind: "run",
    run: SessionRun.parse("0".repeat(16)),
    what: "unknown",
    output: "log",
    size: { columns: 120, rows: 40 },
    createdAt: now,
    bootId: options.bootId,
    unit: sessionUnit(name),
    closedAt: now,
    ...lost("its record could not be read: what it was, and how it ended, is not known"),
  });
}
