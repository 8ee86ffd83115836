/**
 * SHELL. What is told of this node's sessions: facts whenever they change, what is kept of their output, and to each viewer what it asked for. Viewers
 * are anywhere in NATS, or on the node itself by its own socket; both are sent the same frames.
 */
import { ChimeraError } from "@chimera/proto/errors";
import { encodeFrame, maxFrameBytes } from "@chimera/proto/sessions/session-frame";
import type { SessionFacts, SessionName } from "@chimera/proto/sessions/session";
import { listToken, maxAskBytes, SessionAsk, type ViewerId } from "@chimera/proto/sessions/view-ask";
import type { FleetId, NodeName } from "@chimera/proto/names";
import type { Log } from "@chimera/proto/log";
import { subjects } from "@chimera/proto/subjects";
import type { SessionChange, SessionsToWatch } from "../../sessions/sessions.ts";
import type { Connection } from "../connection.ts";
import { requireStored } from "../require-stored.ts";
import { parseBounded } from "../look/read-stored.ts";
import { createKeptPost, type KeptPost } from "./kept-post.ts";
import { createViewDesk, type ViewDesk } from "./view-desk.ts";

export interface SessionPostOptions {
  node: NodeName;
  fleetId: FleetId;
  connection: Pick<Connection, "publish" | "request" | "isConnected">;
  sessions: SessionsToWatch;
  /** Who types there now. */
  holderOf: (session: SessionName) => SessionFacts["keyboard"];
  log: Log;
}

type SendFrame = (frame: Uint8Array) => void;

export interface SessionPost {
  /** A message on the command subject. False where it is no ask about sessions. */
  take: (data: Uint8Array) => boolean;
  /** The same from somebody on the node, who is sent frames by a way of his own. */
  takeLocal: (ask: SessionAsk, send: SendFrame) => void;
  /** Who types there is another one now. */
  noteHolder: (session: SessionName) => void;
  /** Nobody may have what was said before. */
  onConnected: () => void;
  close: () => void;
}

interface State extends SessionPostOptions {
  desk: ViewDesk;
  kept: KeptPost;
  locals: Map<ViewerId, SendFrame>;
  /** Sessions whose facts are to be said. */
  news: Set<SessionName>;
  timer: NodeJS.Timeout | null;
  retry: NodeJS.Timeout | null;
  isOver: boolean;
}

/** What changes within so short a time is said once. */
const gatherMs = 100;
const retryMs = 5_000;
const renewMs = 500;
/** Facts are not kept for ever in NATS: those of a session that runs for weeks are said again. */
const againMs = 6 * 3_600_000;

export function createSessionPost(options: SessionPostOptions): SessionPost {
  const { sessions, log } = options;
  const desk: ViewDesk = createViewDesk({
    open: sessions.open,
    facts: (name) => factsOf(state, name),
    send: (to, frame) => send(state, to, frame),
    nowMs: () => performance.now(),
    log,
  });
  const kept = createKeptPost({ ...options, say: (name) => note(state, name) });
  const state: State = {
    ...options,
    desk,
    kept,
    locals: new Map(),
    news: new Set(),
    timer: null,
    retry: null,
    isOver: false,
  };
  sessions.onChange((change) => heed(state, change));
  const again = setInterval(() => sayAll(state), againMs).unref();
  return {
    take: (data) => take(state, data),
    takeLocal: (ask, sendFrame) => takeLocal(state, ask, sendFrame),
    noteHolder(session) {
      note(state, session);
      desk.tell(session);
    },
    onConnected: () => void tellStore(state),
    close() {
      clearInterval(again);
      close(state);
    },
  };
}

function heed(state: State, change: SessionChange): void {
  const name = change.kind === "removed" ? change.name : change.facts.name;
  note(state, name);
  state.kept.note(change);
  if (change.kind === "removed") return state.desk.drop(name);
  state.desk.tell(name);
  // A terminal that is over is gone, but for its last picture; what was on its way from there is still sent.
  if (change.kind === "ended" && change.facts.output === "terminal")
    setTimeout(() => state.desk.renew(name), renewMs).unref();
}

function close(state: State): void {
  state.isOver = true;
  if (state.retry !== null) clearTimeout(state.retry);
  if (state.timer !== null) clearTimeout(state.timer);
  state.kept.close();
  state.desk.close();
}

function factsOf({ sessions, desk, holderOf }: State, name: SessionName): SessionFacts | null {
  const facts = sessions.facts(name);
  return facts === null ? null : { ...facts, viewers: desk.viewersOf(name), keyboard: holderOf(name) };
}

function take(state: State, data: Uint8Array): boolean {
  if (data.length > maxAskBytes) return false;
  const found = parseBounded(data, SessionAsk);
  if (found.kind === "malformed") return false;
  const { fleetId, node, connection } = state;
  const ask = found.value;
  if ("view" in ask) state.desk.take(ask);
  else {
    const subject = subjects.sessionView(fleetId, node, { session: listToken, viewer: ask.list.viewer });
    sendList(state, (frame) => void connection.publish(subject, frame));
  }
  return true;
}

function takeLocal(state: State, ask: SessionAsk, sendFrame: SendFrame): void {
  if ("list" in ask) {
    sendList(state, sendFrame);
    return;
  }
  const { viewer, isOver } = ask.view;
  if (isOver) state.locals.delete(viewer);
  else state.locals.set(viewer, sendFrame);
  state.desk.take(ask);
}

function send(
  { locals, connection, fleetId, node }: State,
  to: { session: SessionName; viewer: ViewerId },
  frame: Uint8Array,
): void {
  const local = locals.get(to.viewer);
  if (local !== undefined) local(frame);
  else connection.publish(subjects.sessionView(fleetId, node, to), frame);
}

/** As many frames as they need; an empty one where there are none. */
function sendList(state: State, sendFrame: SendFrame): void {
  const all = state.sessions.list().map(({ name }) => factsOf(state, name));
  const groups = inGroups(all.filter((facts) => facts !== null));
  for (const [index, group] of groups.entries()) {
    const head = { kind: "list", isLast: index === groups.length - 1 } as const;
    sendFrame(encodeFrame({ head, bytes: Buffer.from(`[${group.join(",")}]`) }));
  }
}

function inGroups(all: readonly SessionFacts[]): string[][] {
  const groups: string[][] = [[]];
  let bytes = 2;
  for (const facts of all) {
    const text = JSON.stringify(facts);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > maxFrameBytes) {
      groups.push([]);
      bytes = 2 + Buffer.byteLength(text) + 1;
    }
    groups.at(-1)?.push(text);
  }
  return groups;
}

function note(state: State, name: SessionName): void {
  state.news.add(name);
  state.timer ??= setTimeout(() => {
    state.timer = null;
    say(state);
  }, gatherMs).unref();
}

/** Without a connection they stay to be said. */
function say(state: State): void {
  const { connection, fleetId, node, news } = state;
  if (!connection.isConnected()) return;
  for (const name of news) {
    const facts = factsOf(state, name);
    // One that is forgotten leaves an empty message in its place.
    connection.publish(subjects.session(fleetId, node, name), facts === null ? "" : JSON.stringify(facts));
  }
  news.clear();
}

/** After a connect everything again, as soon as there is somebody who keeps it: a server that has lost its memory has no streams for a while. */
async function tellStore(state: State): Promise<void> {
  const { connection, sessions, fleetId, node } = state;
  if (state.retry !== null) clearTimeout(state.retry);
  const [first] = sessions.list();
  if (first === undefined || state.isOver) return;
  try {
    const facts = JSON.stringify(factsOf(state, first.name) ?? first);
    requireStored((await connection.request(subjects.session(fleetId, node, first.name), facts)).data);
    sayAll(state);
    state.kept.onConnected();
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    if (!state.isOver) state.retry = setTimeout(() => void tellStore(state), retryMs).unref();
  }
}

function sayAll(state: State): void {
  for (const { name } of state.sessions.list()) note(state, name);
}
