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
}

export interface Watched {
  session: SessionName;
  source: OutputSource | null;
  viewers: Map<ViewerId, Viewer>;
  timer: NodeJS.Timeout | null;
  /** When what there was last was sent. */
  pumpedMs: number;
}

/** What a program writes within so short a time after a piece comes with the next one. */
export const frameMs = 20;

export function createWatched(session: SessionName): Watched {
  return { session, source: null, viewers: new Map(), timer: null, pumpedMs: -frameMs };
}
