/**
 * SHELL. Who watches which session, and what each is sent: no more than its line carries, output as long as that is here, and a picture of the
 * screen in place of what it cannot have any more. Nobody who watches is a client of tmux, and nothing is sent when nobody watches.
 */
import { errorChain, type ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { encodeFrame, type Frame, type FrameHead } from "@chimera/proto/sessions/session-frame";
import type { SessionFacts, SessionName } from "@chimera/proto/sessions/session";
import { viewerGoneMs, type ViewAsk, type ViewerId } from "@chimera/proto/sessions/view-ask";
import type { OutputSource } from "../../sessions/output-source.ts";
import { resumeAt } from "../../sessions/resume-at.ts";
import { closeWatched, openWatched, reopenLost, type WatchedOpener } from "./open-watched.ts";
import { pumpSoon, type ViewerPump } from "./pump-viewers.ts";
import { createViewer, createWatched, dropSource, leftAlone, type Viewer, type Watched } from "./watched.ts";

export interface ViewDeskOptions {
  /** Null where there is no such session. Throws ChimeraError where its output cannot be had. */
  open: (session: SessionName, onOutput: () => void) => Promise<OutputSource> | null;
  facts: (session: SessionName) => SessionFacts | null;
  /** To that viewer alone. */
  send: (to: { session: SessionName; viewer: ViewerId }, frame: Uint8Array) => void;
  /** Any clock that does not step. */
  nowMs: () => number;
  log: Log;
}

export interface ViewDesk {
  take: (ask: ViewAsk) => void;
  /** Its size, its keyboard or its end is another. */
  tell: (session: SessionName) => void;
  /** Its output is another source than it was. */
  renew: (session: SessionName) => void;
  /** It is forgotten: whoever comes next may mean another one of that name. */
  drop: (session: SessionName) => void;
  viewersOf: (session: SessionName) => number;
  close: () => void;
}

interface State extends ViewDeskOptions {
  watched: Map<SessionName, Watched>;
  opener: WatchedOpener;
  pump: ViewerPump;
}

const lookMs = 5_000;
/** Whoever asks hears that the node is there, also where a session is silent; but not beside each piece of a fast one. */
const tellEveryMs = 2_000;
/** Of one session, and of all: whoever asks more often than anybody could watch is told so. */
const mostViewers = 64;
const mostWatched = 256;
const nothing = new Uint8Array(0);

export function createViewDesk(options: ViewDeskOptions): ViewDesk {
  const state: State = {
    ...options,
    watched: new Map(),
    opener: {
      ...options,
      onOutput: (watched) => pumpSoon(state.pump, watched),
      onOpen: (watched) => resumeAll(state, watched),
      refuse: (watched, code, message) => refuseAll(state, watched, refuse(code, message)),
    },
    pump: {
      ...options,
      send: (to, frame) => send(state, to, frame),
      onLost: (watched, reason) => reopenLost(state.opener, watched, reason),
      giveUp: (watched, viewer, error) => refuseOne(state, watched, { viewer, error }),
    },
  };
  const timer = setInterval(() => forgetGone(state), lookMs).unref();
  return {
    take: ({ view }) => take(state, view),
    tell(session) {
      const watched = state.watched.get(session);
      for (const viewer of watched?.viewers.values() ?? []) sendFacts(state, session, viewer);
    },
    renew(session) {
      const watched = state.watched.get(session);
      if (watched === undefined) return;
      dropSource(watched);
      openWatched(state.opener, watched);
    },
    drop: (session) => drop(state, session),
    viewersOf: (session) => state.watched.get(session)?.viewers.size ?? 0,
    close() {
      clearInterval(timer);
      for (const watched of state.watched.values()) leave(state, watched);
    },
  };
}

function take(state: State, { session, viewer: id, seen, isOver }: ViewAsk["view"]): void {
  const known = state.watched.get(session);
  const viewer = known?.viewers.get(id);
  if (isOver) {
    if (known !== undefined) forget(state, known, id);
    return;
  }
  if (known !== undefined && viewer !== undefined) {
    viewer.askedMs = state.nowMs();
    if (seen !== null && seen.stream === known.source?.stream)
      viewer.seenTo = Math.max(viewer.seenTo, seen.to);
    if (viewer.toldMs <= viewer.askedMs - tellEveryMs) sendFacts(state, session, viewer);
    pumpSoon(state.pump, known);
    return;
  }
  begin(state, { session, id, seen });
}

interface Beginning {
  session: SessionName;
  id: ViewerId;
  seen: ViewAsk["view"]["seen"];
}

function begin(state: State, { session, id, seen }: Beginning): void {
  const facts = state.facts(session);
  const known = state.watched.get(session);
  const refusal =
    facts === null ? refuse("not-found", `there is no session ${session}`) : crowded(state, known);
  if (refusal !== null) {
    state.send({ session, viewer: id }, encodeFrame({ head: refusal, bytes: nothing }));
    return;
  }
  const watched = known ?? watch(state, session);
  const viewer = createViewer(id, seen, state.nowMs());
  watched.viewers.set(id, viewer);
  watched.aloneMs = null;
  sendFacts(state, session, viewer);
  resume(state, watched, viewer);
  pumpSoon(state.pump, watched);
}

function crowded({ watched }: State, known: Watched | undefined): FrameHead | null {
  if (known === undefined && watched.size < mostWatched) return null;
  if (known !== undefined && known.viewers.size < mostViewers) return null;
  return refuse("overloaded", "too many watch already: try again later");
}

function refuse(code: Extract<FrameHead, { kind: "refused" }>["code"], message: string): FrameHead {
  return { kind: "refused", code, message };
}

function resume(state: State, { session, source }: Watched, viewer: Viewer): void {
  const resumed = resumeAt(viewer.wish, source, state.facts(session));
  if (resumed === null) return;
  [viewer.sentTo, viewer.seenTo] = [resumed.at, resumed.at];
  for (const frame of resumed.frames) send(state, { session, viewer }, frame);
}

function resumeAll(state: State, watched: Watched): void {
  for (const viewer of watched.viewers.values()) resume(state, watched, viewer);
  pumpSoon(state.pump, watched);
}

function watch(state: State, session: SessionName): Watched {
  const watched = createWatched(session);
  state.watched.set(session, watched);
  openWatched(state.opener, watched);
  return watched;
}

function drop(state: State, session: SessionName): void {
  const watched = state.watched.get(session);
  const what = `session ${session} is forgotten, with what it wrote: another one may have its name`;
  if (watched !== undefined) refuseAll(state, watched, refuse("not-found", what));
}

function refuseAll(state: State, watched: Watched, head: FrameHead): void {
  const { session } = watched;
  for (const viewer of watched.viewers.values()) send(state, { session, viewer }, { head, bytes: nothing });
  leave(state, watched);
}

function refuseOne(
  state: State,
  watched: Watched,
  { viewer, error }: { viewer: Viewer; error: ChimeraError },
): void {
  const head = refuse(error.code, errorChain(error).slice(0, 1000));
  send(state, { session: watched.session, viewer }, { head, bytes: nothing });
  forget(state, watched, viewer.id);
}

function send(state: State, to: { session: SessionName; viewer: Viewer }, frame: Frame): void {
  state.send({ session: to.session, viewer: to.viewer.id }, encodeFrame(frame));
}

function sendFacts(state: State, session: SessionName, viewer: Viewer): void {
  const facts = state.facts(session);
  viewer.toldMs = state.nowMs();
  if (facts !== null) send(state, { session, viewer }, { head: { kind: "facts", facts }, bytes: nothing });
}

function forgetGone(state: State): void {
  const nowMs = state.nowMs();
  for (const watched of state.watched.values()) {
    for (const { id, askedMs } of watched.viewers.values())
      if (askedMs < nowMs - viewerGoneMs) watched.viewers.delete(id);
    if (watched.viewers.size === 0) watched.aloneMs ??= nowMs;
  }
  for (const watched of leftAlone(state.watched.values(), nowMs)) leave(state, watched);
}

/** Who says so does not come back. */
function forget(state: State, watched: Watched, id: ViewerId): void {
  watched.viewers.delete(id);
  if (watched.viewers.size === 0) leave(state, watched);
}

function leave(state: State, watched: Watched): void {
  // Who came back meanwhile watches another one of that name.
  if (state.watched.get(watched.session) === watched) state.watched.delete(watched.session);
  closeWatched(watched);
}
