/** SHELL. Sessions that no program runs in: the agent itself says, line by line, what something comes to. They outlive the agent and the machine. */
import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import { SessionRun, type SessionKind, type SessionName } from "@chimera/proto/sessions/session";
import { usualLogBytes } from "../../sessions/session-limits.ts";
import { newRecord, type SessionRecord } from "../../sessions/session-record.ts";
import { attempt } from "../errno-outcome.ts";
import { closeAll } from "./close-sessions.ts";
import { makeLog } from "./record-store.ts";
import { createLive, keep, liveFacts, tell, type Live, type SessionsState } from "./sessions-state.ts";

export interface ToldStart {
  name: SessionName;
  kind: SessionKind;
  what: string;
}

export interface ToldSession {
  say: (line: string) => void;
  /** It may be opened again. Throws file-unreadable. */
  end: (exitCode: number, note: string | null) => Promise<void>;
}

/** Goes on with one of that name. Throws write-conflict where a program runs under it, file-unreadable when the disk refuses. */
export async function openTold(state: SessionsState, start: ToldStart): Promise<ToldSession> {
  const before = state.live.get(start.name);
  const live = before?.record.isTold === true ? before : createTold(state, start, before);
  await keep(state, [live], [reopened(live.record)]);
  state.live.set(start.name, live);
  tell(state, { kind: "started", facts: liveFacts(live) });
  return {
    say: (line) => say(state, live, line),
    end: (exitCode, note) => end(state, live, { exitCode, note }),
  };
}

function createTold(
  { options, store }: SessionsState,
  { name, kind, what }: ToldStart,
  before: Live | undefined,
): Live {
  if (before?.record.state === "running")
    throw new ChimeraError("write-conflict", `session ${name} runs already`);
  return createLive(
    newRecord({
      name,
      kind,
      run: SessionRun.parse(randomBytes(8).toString("hex")),
      what,
      output: "log",
      size: { columns: 120, rows: 40 },
      createdAt: new Date(options.nowMs()).toISOString(),
      bootId: options.bootId,
      unit: "",
      isTold: true,
      log: { file: makeLog(store.folderOf(name)), mostBytes: usualLogBytes },
    }),
  );
}

function reopened(record: SessionRecord): SessionRecord {
  return { ...record, state: "running", closedAt: null, endedAt: null, exitCode: null, note: null };
}

function say({ options }: SessionsState, { record }: Live, line: string): void {
  const { log, name } = record;
  if (log === null) return;
  const said = attempt(() => appendFileSync(log.file, `${line}\n`));
  if (said.kind === "failed") options.log.warn({ session: name, errno: said.errno }, "a line was not kept");
}

async function end(
  state: SessionsState,
  live: Live,
  { exitCode, note }: { exitCode: number; note: string | null },
): Promise<void> {
  const endedAt = new Date(state.options.nowMs()).toISOString();
  const words = note === null ? null : note.slice(0, 512);
  await closeAll(state, [{ live, end: { state: "ended", endedAt, exitCode, signal: null, note: words } }]);
}
