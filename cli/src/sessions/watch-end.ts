/** When a session that has ended was shown whole, and when whoever watches it is told that the rest does not come. */
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionFacts } from "@chimera/proto/sessions/session";
import type { Viewed } from "./view-stream.ts";
import type { State } from "./watch-state.ts";

/** After a picture of a terminal that has ended: what is behind it comes within that time. */
const settleMs = 700;
/** A node has its last picture within that time, and answers whoever asks less often than that. */
const quietMs = 1_000;
/** A slow line carries a frame within the first; whoever sits in a tunnel is out of it within the second. */
const usualGiveUpMs = { answered: 60_000, silent: 600_000 };

/** In the sequence in which it came. */
export function noteForEnd(state: State, { kind }: Viewed): void {
  const nowMs = performance.now();
  if (kind === "output" || kind === "screen" || kind === "gap") {
    [state.movedMs, state.quiet] = [nowMs, null];
    if (kind === "screen" && state.over !== null) state.isDrawn = true;
  }
  if (kind !== "facts") return;
  if (state.over === null) [state.movedMs, state.quiet, state.isDrawn] = [nowMs, null, false];
  else if (state.quiet === null) state.quiet = { sinceMs: nowMs, isSure: false };
  else if (nowMs - state.quiet.sinceMs >= quietMs) state.quiet.isSure = true;
}

/**
 * A log is over when all of its bytes were shown. Of a terminal nobody counts them: it is over with the picture that was drawn after its end, or when
 * the node was asked again and had nothing more, since what it sends comes in sequence. A silence alone may be a slow line.
 */
export function isSettled(state: State, over: SessionFacts): boolean {
  const { shown, isDrawn, heardMs, quiet } = state;
  if (over.output === "log") return missingOf(state, over) === 0;
  if (isDrawn && performance.now() - heardMs > settleMs) return true;
  return quiet?.isSure === true && shown !== null;
}

/** Null for a terminal. */
function missingOf({ shown }: State, { output, run, bytes }: SessionFacts): number | null {
  if (output !== "log") return null;
  return Math.max(0, bytes - (shown?.stream === run ? shown.to : 0));
}

/** True for a terminal that its node cannot draw any more. Throws contact-lost, with what is missing. */
export function isGivenUp(state: State): boolean {
  const { over, awayMs, giveUpMs, movedMs, at } = state;
  const nowMs = performance.now();
  const silentMs = giveUpMs?.silent ?? (over === null ? Number.POSITIVE_INFINITY : usualGiveUpMs.silent);
  const name = `${at.node}/${at.session}`;
  if (awayMs !== null) {
    if (nowMs - awayMs <= silentMs) return false;
    throw new ChimeraError("contact-lost", `${name}: its node does not answer${missingText(state)}`);
  }
  if (over === null || nowMs - movedMs <= (giveUpMs ?? usualGiveUpMs).answered) return false;
  if (over.output === "terminal") return true;
  throw new ChimeraError("contact-lost", `${name}: its node answers and sends no more${missingText(state)}`);
}

function missingText(state: State): string {
  const missing = state.over === null ? null : missingOf(state, state.over);
  return missing === null ? "" : `; ${missing} bytes of its output are missing: ask again with chimera logs`;
}
