/**
 * SHELL. The newest output of sessions whose output is kept, as pieces in NATS for those that look when this node is gone. Each piece is sent at most
 * once a second, and of all sessions together so much a second; with nothing that runs nothing is done.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { FleetId, NodeName } from "@chimera/proto/names";
import { encodeKeptPage, keptPages } from "@chimera/proto/sessions/kept-page";
import { isKept, type StreamId, type SessionFacts, type SessionName } from "@chimera/proto/sessions/session";
import { subjects } from "@chimera/proto/subjects";
import { duePages, pageEveryMs, type DuePage } from "../../sessions/kept-pages.ts";
import type { OutputSource } from "../../sessions/output-source.ts";
import type { SessionChange, SessionsToWatch } from "../../sessions/sessions.ts";
import type { Connection } from "../connection.ts";

export interface KeptPostOptions {
  node: NodeName;
  fleetId: FleetId;
  connection: Pick<Connection, "publish" | "isConnected">;
  sessions: SessionsToWatch;
  /** How much a session has written is news from time to time. */
  say: (session: SessionName) => void;
  log: Log;
}

export interface KeptPost {
  note: (change: SessionChange) => void;
  onConnected: () => void;
  close: () => void;
}

interface Entry {
  name: SessionName;
  source: OutputSource | null;
  isOpening: boolean;
  /** Not before that is it opened again. */
  openFromMs: number;
  isOver: boolean;
  sent: Map<number, { to: number; atMs: number }>;
  saidBytes: number;
  saidMs: number;
}

interface State extends KeptPostOptions {
  /** Whoever was served last comes last. */
  entries: Map<SessionName, Entry>;
  timer: NodeJS.Timeout | null;
}

const budgetBytes = 2 << 20;
const sayEveryMs = 5_000;
/** After a source was lost, or could not be had. */
const reopenMs = 5_000;
/** To each terminal that is listened to belongs a client of tmux. */
const mostTerminals = 8;
/** Of sessions that are over: those whose output is said anew when NATS may have lost it. */
const saidAgain = 16;

export function createKeptPost(options: KeptPostOptions): KeptPost {
  const state: State = { ...options, entries: new Map(), timer: null };
  for (const facts of options.sessions.list()) if (facts.state === "running") begin(state, facts);
  return {
    note(change) {
      if (change.kind === "removed") forget(state, change.name);
      else if (change.kind === "started") begin(state, change.facts);
      else if (change.kind === "ended") finish(state, change.facts);
    },
    onConnected() {
      for (const entry of state.entries.values()) entry.sent.clear();
      const over = options.sessions.list().filter(({ state: word }) => word !== "running");
      for (const facts of newest(over)
        .filter(({ kind }) => isKept(kind))
        .slice(0, saidAgain))
        finish(state, facts);
    },
    close() {
      if (state.timer !== null) clearTimeout(state.timer);
      for (const name of state.entries.keys()) drop(state, name);
    },
  };
}

function newest(facts: readonly SessionFacts[]): SessionFacts[] {
  return facts.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
}

function begin(state: State, { name, kind, run }: SessionFacts): void {
  if (!isKept(kind)) return;
  drop(state, name);
  state.entries.set(name, {
    name,
    source: null,
    isOpening: false,
    openFromMs: 0,
    isOver: false,
    sent: new Map(),
    saidBytes: 0,
    saidMs: performance.now(),
  });
  state.log.debug({ session: name, run }, "output of a session is kept");
  plan(state);
}

/** Its last pieces, as soon as there is a connection. */
function finish(state: State, facts: SessionFacts): void {
  if (!isKept(facts.kind) || facts.bytes === 0) {
    drop(state, facts.name);
    return;
  }
  if (!state.entries.has(facts.name)) begin(state, facts);
  const entry = state.entries.get(facts.name);
  if (entry === undefined) return;
  entry.isOver = true;
  // A terminal that is over is another source than it was.
  if (facts.output === "terminal") closeSource(entry);
  plan(state);
}

function drop({ entries }: State, name: SessionName): void {
  const entry = entries.get(name);
  if (entry === undefined) return;
  entries.delete(name);
  closeSource(entry);
}

/** Whoever has its name next must not seem to have written what it wrote. */
function forget(state: State, name: SessionName): void {
  const { connection, fleetId, node } = state;
  drop(state, name);
  for (let page = 0; page < keptPages; page += 1)
    connection.publish(subjects.sessionPage(fleetId, node, { session: name, page }), "");
}

/** What comes from another source has positions of its own. */
function closeSource(entry: Entry): void {
  entry.sent.clear();
  entry.source?.close();
  entry.source = null;
}

function plan(state: State): void {
  state.timer ??= setTimeout(() => {
    state.timer = null;
    turn(state);
    if (state.entries.size > 0) plan(state);
  }, pageEveryMs).unref();
}

function turn(state: State): void {
  if (!state.connection.isConnected()) return;
  let left = budgetBytes;
  // Whoever was served is put to the end while this goes on.
  const now = [...state.entries.values()];
  for (const entry of now) {
    if (left <= 0) return;
    sayBytes(state, entry);
    dropLost(entry);
    if (entry.source === null) open(state, entry);
    else {
      left -= sendDue(state, entry);
      state.entries.delete(entry.name);
      state.entries.set(entry.name, entry);
    }
    if (entry.isOver && entry.source !== null && isSent(entry)) drop(state, entry.name);
  }
}

function dropLost(entry: Entry): void {
  if (entry.source === null || entry.source.lost() === null) return;
  closeSource(entry);
  entry.openFromMs = performance.now() + reopenMs;
}

function isSent({ source, sent }: Entry): boolean {
  return source === null || duePages(source.held(), sent, Number.POSITIVE_INFINITY).length === 0;
}

function sayBytes({ sessions, say }: State, entry: Entry): void {
  const now = performance.now();
  if (now - entry.saidMs < sayEveryMs) return;
  const bytes = sessions.facts(entry.name)?.bytes ?? 0;
  if (bytes === entry.saidBytes) return;
  [entry.saidBytes, entry.saidMs] = [bytes, now];
  say(entry.name);
}

function sendDue(state: State, entry: Entry): number {
  const { source, sent, isOver } = entry;
  if (source === null) return 0;
  let bytes = 0;
  // What is over has no later turn in which it would have more to say.
  const now = performance.now();
  for (const due of duePages(source.held(), sent, isOver ? Number.POSITIVE_INFINITY : now)) {
    const piece = source.read(due.from, due.to - due.from);
    if (!sendPiece(state, entry, { due, stream: source.stream, piece })) return bytes;
    sent.set(due.page, { to: due.from + piece.length, atMs: now });
    bytes += piece.length;
  }
  return bytes;
}

interface Piece {
  due: DuePage;
  stream: StreamId;
  piece: Uint8Array;
}

function sendPiece(
  { connection, fleetId, node }: State,
  { name }: Entry,
  { due, stream, piece }: Piece,
): boolean {
  const subject = subjects.sessionPage(fleetId, node, { session: name, page: due.page });
  return connection.publish(subject, encodeKeptPage({ stream, from: due.from, bytes: piece }));
}

function open(state: State, entry: Entry): void {
  const facts = state.sessions.facts(entry.name);
  if (facts === null) drop(state, entry.name);
  if (facts === null || entry.isOpening || isTooMany(state, facts)) return;
  if (!entry.isOver && performance.now() < entry.openFromMs) return;
  const opening = state.sessions.open(entry.name, () => undefined);
  if (opening === null) return;
  entry.isOpening = true;
  void take(state, entry, opening);
}

function isTooMany({ entries, sessions }: State, facts: SessionFacts): boolean {
  if (facts.output === "log" || facts.state !== "running") return false;
  const heard = [...entries.values()].filter(
    ({ name, source, isOpening }) =>
      (source !== null || isOpening) && sessions.facts(name)?.output === "terminal",
  );
  return heard.length >= mostTerminals;
}

async function take(state: State, entry: Entry, opening: Promise<OutputSource>): Promise<void> {
  try {
    const source = await opening;
    entry.isOpening = false;
    if (state.entries.get(entry.name) !== entry) return source.close();
    entry.source = source;
  } catch (error) {
    entry.isOpening = false;
    entry.openFromMs = performance.now() + reopenMs;
    if (!(error instanceof ChimeraError)) throw error;
    state.log.debug({ session: entry.name, error }, "output of a session could not be kept");
    if (entry.isOver) drop(state, entry.name);
  }
}
