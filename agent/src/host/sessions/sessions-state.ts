/** SHELL. What the parts of the session manager share: the sessions of this node, who hears of them, and where they are kept. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import type { Log } from "@chimera/proto/log";
import type { SessionFacts, SessionName } from "@chimera/proto/sessions/session";
import { firstKept } from "../../sessions/session-limits.ts";
import { factsOf, type SessionRecord } from "../../sessions/session-record.ts";
import type { SessionChange } from "../../sessions/sessions.ts";
import { attempt } from "../errno-outcome.ts";
import type { RecordStore } from "./record-store.ts";
import type { Recorder } from "./record-terminal.ts";

export interface SessionsOptions {
  stateDir: string;
  runtimeDir: string;
  /** Of this boot. */
  bootId: string;
  /** Time since boot, and by the clock. */
  uptimeMs: () => number;
  nowMs: () => number;
  /** How the rollout of that head ended for its lead on this node; null where nobody knows of an end. */
  endOfRollout: (head: Digest) => string | null;
  log: Log;
  /** Others in tests. */
  systemdSocket?: string | undefined;
  cgroups?: string | undefined;
}

export interface Live {
  record: SessionRecord;
  /** systemd has not said yet whether it takes it. */
  isStarting: boolean;
  /** Of its log: what was given back to the disk. */
  punchedTo: number;
  /** When the disk would take nothing back, by a clock that does not step; null where it does. */
  uncutMs: number | null;
  /** The kernel tells when nothing of it runs any more. */
  unwatch: (() => void) | null;
  /** Its record is about to be written. */
  saving: NodeJS.Timeout | null;
  /** What its terminal shows is written down, since somebody was given its keyboard. */
  recorder: Recorder | null;
  /** Of its recordings on the disk. */
  recorded: number;
}

export interface SessionsState {
  options: SessionsOptions;
  store: RecordStore;
  live: Map<SessionName, Live>;
  listeners: ((change: SessionChange) => void)[];
  /** Hear of sessions that may be typed into and are not recorded. */
  unrecorded: ((name: SessionName, error: ChimeraError) => void)[];
  /** Hear of units that run and that no session is known to have. */
  strangers: ((units: readonly string[]) => void)[];
  /** Hear of sessions whose logs grow without bound, as the disk takes no part of them back. */
  uncut: ((name: SessionName, error: ChimeraError) => void)[];
  /** An end may be near. */
  lookSoon: () => void;
  /** Somebody found a terminal gone: with the next look it is seen which of them are. */
  areTerminalsInDoubt: boolean;
  isClosed: boolean;
}

export function createLive(record: SessionRecord): Live {
  return {
    record,
    isStarting: false,
    punchedTo: 0,
    uncutMs: null,
    unwatch: null,
    saving: null,
    recorder: null,
    recorded: record.recordedBytes,
  };
}

/** Those that have a unit. */
export function runningOf({ live }: SessionsState): Live[] {
  return [...live.values()].filter(
    ({ record, isStarting }) => record.state === "running" && !isStarting && !record.isTold,
  );
}

export function tell({ listeners }: SessionsState, change: SessionChange): void {
  for (const listener of listeners) listener(change);
}

export function liveFacts({ record, recorded }: Live): SessionFacts {
  const { log, state } = record;
  const bytes = log !== null && state === "running" ? sizeOf(log.file) : record.bytes;
  const dropped = log === null ? 0 : firstKept(bytes, log.mostBytes);
  return factsOf(record, { bytes, dropped, recorded, viewers: 0 });
}

/** 0 for a file that is not there, or that a broken disk does not show. */
export function sizeOf(file: string): number {
  const found = attempt(() => statSync(file).size);
  return found.kind === "done" ? found.value : 0;
}

/** A client of tmux has ended, and nobody had told it to. */
export function doubtTerminals(state: SessionsState): void {
  state.areTerminalsInDoubt = true;
  state.lookSoon();
}

export function pictureFile({ store }: SessionsState, name: SessionName): string {
  return join(store.folderOf(name), "screen.bin");
}

/** What is known of those that still run: the record of one whose end is being written down stays as that is. */
export async function saveRunning(state: SessionsState, lives: readonly Live[]): Promise<void> {
  // The next agent writes them from here on.
  if (state.isClosed) return;
  const isRunning = (live: Live): boolean =>
    state.live.get(live.record.name) === live && live.record.state === "running";
  try {
    await state.store.save(() => lives.filter(isRunning).map(({ record }) => record));
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.options.log.warn({ error, sessions: lives.length }, "what is known of sessions was not kept");
  }
}

/** Of those that are over by then nothing more is written: many last no longer. */
export function noteBegun(state: SessionsState, lives: readonly Live[]): void {
  for (const live of lives) live.record = { ...live.record, hasBegun: true };
  if (lives.length > 0) setTimeout(() => void saveRunning(state, lives), begunMs).unref();
}

const begunMs = 2_000;

/** The record is another one now, and on the disk. Throws file-unreadable. */
export async function keep(
  state: SessionsState,
  lives: readonly Live[],
  records: readonly SessionRecord[],
): Promise<void> {
  await state.store.save(records);
  for (const [index, live] of lives.entries()) live.record = records[index] ?? live.record;
}
