/** SHELL. The output of a session that somebody watches: opened, and opened anew where its source is lost while the session goes on. */
import { ChimeraError, errorChain, type ErrorCode } from "@chimera/proto/errors";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { OutputSource } from "../../sessions/output-source.ts";
import { dropSource, type Watched } from "./watched.ts";

export interface WatchedOpener {
  /** Null where there is no such session. Throws ChimeraError where its output cannot be had. */
  open: (session: SessionName, onOutput: () => void) => Promise<OutputSource> | null;
  onOutput: (watched: Watched) => void;
  onOpen: (watched: Watched) => void;
  /** It cannot be had: all who watch are told, and nobody watches any more. */
  refuse: (watched: Watched, code: ErrorCode, message: string) => void;
  nowMs: () => number;
}

/** The first is later than a terminal's last picture comes at its session's end, the others are the longer the more there were. */
const reopenMs = 1_000;
const mostReopened = 4;
/** Whoever was heard for so long is none that is lost again and again. */
const steadyMs = 60_000;

export function openWatched(opener: WatchedOpener, watched: Watched): void {
  if (watched.reopening !== null) clearTimeout(watched.reopening);
  watched.reopening = null;
  watched.opening = opener.open(watched.session, () => opener.onOutput(watched));
  if (watched.opening !== null) void settle(opener, watched, watched.opening);
}

/** Nobody wants it any more. */
export function closeWatched(watched: Watched): void {
  for (const timer of [watched.timer, watched.reopening]) if (timer !== null) clearTimeout(timer);
  [watched.timer, watched.reopening, watched.opening] = [null, null, null];
  watched.source?.close();
  watched.source = null;
}

/** Where its source is lost, and nobody has seen that yet. */
export function reopenLost(opener: WatchedOpener, watched: Watched, reason: string): void {
  if (watched.reopening !== null || watched.opening !== null) return;
  if (watched.source !== null && opener.nowMs() - watched.openedMs >= steadyMs) watched.reopened = 0;
  if (watched.reopened >= mostReopened) {
    opener.refuse(watched, "tool-failed", `its terminal is not heard any more: ${reason}`);
    return;
  }
  watched.reopening = setTimeout(
    () => {
      dropSource(watched);
      // What comes is the same session's, by positions of its own.
      for (const viewer of watched.viewers.values()) viewer.isDone = false;
      openWatched(opener, watched);
    },
    reopenMs * 2 ** watched.reopened,
  ).unref();
  watched.reopened += 1;
}

async function settle(
  opener: WatchedOpener,
  watched: Watched,
  opening: Promise<OutputSource>,
): Promise<void> {
  try {
    const source = await opening;
    if (watched.opening !== opening) return source.close();
    [watched.source, watched.opening, watched.openedMs] = [source, null, opener.nowMs()];
    opener.onOpen(watched);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    if (watched.opening !== opening) return;
    watched.opening = null;
    const reason = errorChain(error).slice(0, 1000);
    if (watched.reopened > 0 && error.code === "tool-failed") reopenLost(opener, watched, reason);
    else opener.refuse(watched, error.code, reason);
  }
}
