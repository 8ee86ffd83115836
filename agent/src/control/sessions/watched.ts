/** A session that somebody watches, and where each of those who do is. */
import type { SessionName } from "@chimera/proto/sessions/session";
import type { ViewAsk, ViewerId } from "@chimera/proto/sessions/view-ask";
import type { OutputSource } from "../../sessions/output-source.ts";

export interface Viewer {
  id: ViewerId;
  sentTo: number | null;
  seenTo: number;
  askedMs: number;
  /** When it was told the facts last. */
  toldMs: number;
  /** Where it wants to go on, until the output is open. */
  wish: ViewAsk["view"]["seen"];
  /** A picture is being made for it. */
  isDrawing: boolean;
  /** It has seen all of what is over. */
  isDone: boolean;
  /** So many pictures for it failed, one after the other. */
  failed: number;
}

export function createViewer(id: ViewerId, wish: Viewer["wish"], nowMs: number): Viewer {
  return {
    id,
    sentTo: null,
    seenTo: 0,
    askedMs: nowMs,
    toldMs: nowMs,
    wish,
    isDrawing: false,
    isDone: false,
    failed: 0,
  };
}

export interface Watched {
  session: SessionName;
  source: OutputSource | null;
  /** What is being opened: another one since then makes it nobody's. */
  opening: Promise<OutputSource> | null;
  openedMs: number;
  /** Until its output is opened anew because its source was lost, and how often that was tried. */
  reopening: NodeJS.Timeout | null;
  reopened: number;
  viewers: Map<ViewerId, Viewer>;
  timer: NodeJS.Timeout | null;
  /** When what there was last was sent. */
  pumpedMs: number;
  /** Since then nobody is there any more; null while somebody is. */
  aloneMs: number | null;
}

/** What a program writes within so short a time after a piece comes with the next one. */
export const frameMs = 20;

/** What there was is over, and another source has what is left of it: whoever has seen all of it needs nothing more. */
export function dropSource(watched: Watched): void {
  const { source, viewers } = watched;
  if (source === null) return;
  const { to } = source.held();
  for (const viewer of viewers.values()) {
    viewer.isDone = viewer.sentTo === to;
    [viewer.sentTo, viewer.seenTo, viewer.wish] = [null, 0, null];
  }
  source.close();
  watched.source = null;
}

/** Whoever was cut off comes back, and wants to go on where he was: of a terminal only those know where that is who went on listening. */
const lingerMs = 300_000;
const mostLingering = 32;

/** Those that need not be listened to any more; who went last is kept longest. */
export function leftAlone(all: Iterable<Watched>, nowMs: number): Watched[] {
  return [...all]
    .filter(({ aloneMs }) => aloneMs !== null)
    .toSorted((a, b) => (b.aloneMs ?? 0) - (a.aloneMs ?? 0))
    .filter(({ aloneMs }, index) => index >= mostLingering || nowMs - (aloneMs ?? 0) > lingerMs);
}

export function createWatched(session: SessionName): Watched {
  return {
    session,
    source: null,
    opening: null,
    openedMs: 0,
    reopening: null,
    reopened: 0,
    viewers: new Map(),
    timer: null,
    pumpedMs: -frameMs,
    aloneMs: null,
  };
}
