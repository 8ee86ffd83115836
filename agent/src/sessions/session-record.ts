/** PURE. What a node keeps of a session on its disk, so that the next agent finds it again. */
import { Count, Digest, IsoTime } from "@chimera/proto/names";
import {
  SessionKind,
  SessionName,
  SessionRun,
  SessionState,
  TerminalSize,
  type SessionFacts,
} from "@chimera/proto/sessions/session";
import { z } from "zod";
import { endSignals } from "./sessions.ts";

const Log = z.object({
  file: z.string().max(4096),
  /** The newest bytes that the disk keeps. */
  mostBytes: Count,
});

const Terminal = z.object({
  /** The tmux server, by its number and the second in which it began: its ids mean something else in another one. */
  server: z.string().regex(/^\d{1,10}:\d{1,12}$/),
  session: z.string().regex(/^\$\d{1,10}$/),
  pane: z.string().regex(/^%\d{1,10}$/),
});
export type Terminal = z.infer<typeof Terminal>;

export const SessionRecord = z.object({
  v: z.literal(1),
  name: SessionName,
  kind: SessionKind,
  run: SessionRun,
  what: z.string().max(512),
  output: z.enum(["terminal", "log"]),
  size: TerminalSize,
  createdAt: IsoTime,
  /** Of the boot in which it was started: no unit outlives one. */
  bootId: z.string().max(64),
  /** With its suffix; empty where the agent itself is all that speaks there. */
  unit: z.string().max(255),
  isTold: z.boolean().default(false),
  /** systemd made its unit, or that was seen. */
  hasBegun: z.boolean().default(true),
  /** Null where the output is a terminal's. */
  log: Log.nullable(),
  terminal: Terminal.nullable(),
  timeoutMs: Count.nullable(),
  /** Id of the head whose rollout it leads: its unit is not ours to end, and keeps no exit code. */
  leads: Digest.nullable(),
  /** Somebody wants it to end; then it is killed. By the time since boot. */
  ending: z.object({ signal: z.enum(endSignals), killAtMs: Count }).nullable(),
  state: SessionState,
  /** When this node wrote down that it is over; null while it runs. */
  closedAt: IsoTime.nullable(),
  endedAt: IsoTime.nullable(),
  exitCode: z.int().min(0).max(255).nullable(),
  signal: z.string().max(16).nullable(),
  note: z.string().max(512).nullable(),
  /** Of its output, as far as that is known without looking. */
  bytes: Count,
  /** Of a terminal that is over: so many bytes of its last picture had scrolled away. */
  history: Count.nullable(),
  /** Of its recordings, when it was over. */
  recordedBytes: Count.default(0),
});
export type SessionRecord = z.infer<typeof SessionRecord>;

type Begin = "name" | "kind" | "run" | "what" | "output" | "size" | "createdAt" | "bootId" | "unit";

/** Of one that is about to run. */
export function newRecord(begin: Pick<SessionRecord, Begin> & Partial<SessionRecord>): SessionRecord {
  return {
    v: 1,
    log: null,
    terminal: null,
    timeoutMs: null,
    leads: null,
    isTold: false,
    hasBegun: true,
    ending: null,
    state: "running",
    closedAt: null,
    endedAt: null,
    exitCode: null,
    signal: null,
    note: null,
    bytes: 0,
    history: null,
    recordedBytes: 0,
    ...begin,
    what: begin.what.slice(0, 512),
  };
}

export interface LiveFacts {
  bytes: number;
  dropped: number;
  recorded: number;
  viewers: number;
}

export function factsOf(
  record: SessionRecord,
  { bytes, dropped, recorded, viewers }: LiveFacts,
): SessionFacts {
  const { name, kind, run, state, what, createdAt, endedAt, exitCode, signal, size, output, note } = record;
  const told = { name, kind, run, state, what, createdAt, endedAt, exitCode, signal, size, output };
  const more = {
    ...(dropped > 0 ? { dropped } : {}),
    ...(recorded > 0 ? { recordedBytes: recorded } : {}),
    ...(note === null ? {} : { note }),
  };
  return { ...told, bytes, viewers, keyboard: null, ...more };
}

export type SessionEnd = Pick<SessionRecord, "state" | "endedAt" | "exitCode" | "signal" | "note">;

export function closed(record: SessionRecord, end: SessionEnd, now: string): SessionRecord {
  return { ...record, ...end, ending: null, closedAt: now };
}

/** For people. */
export function endWords({ state, exitCode, signal }: SessionEnd): string {
  if (state === "lost") return "the session is lost";
  return `the session has ended: ${signal ?? `exit code ${exitCode ?? "unknown"}`}`;
}
