/** SHELL. Gives the first part of a session's log back to the disk, when it is longer than its bound. */
import { ChimeraError } from "@chimera/proto/errors";
import { firstKept, pieceBytes } from "../../sessions/session-limits.ts";
import { punchLog } from "./log-source.ts";
import { sizeOf, type Live, type SessionsState } from "./sessions-state.ts";

export async function cutLog({ options }: SessionsState, live: Live): Promise<void> {
  const { log, name } = live.record;
  if (log === null) return;
  const to = firstKept(sizeOf(log.file), log.mostBytes);
  if (to - live.punchedTo < pieceBytes) return;
  try {
    await punchLog(log.file, { from: live.punchedTo, to });
    live.punchedTo = to;
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    options.log.warn({ session: name, error }, "a session's log could not be cut");
  }
}
