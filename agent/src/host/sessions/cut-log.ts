/** SHELL. Gives the first part of a session's log back to the disk, when it is longer than its bound. */
import { ChimeraError } from "@chimera/proto/errors";
import { firstKept, pieceBytes } from "../../sessions/session-limits.ts";
import { punchLog } from "./log-source.ts";
import { sizeOf, type Live, type SessionsState } from "./sessions-state.ts";

type CutNeeds = Pick<SessionsState, "uncut"> & { options: Pick<SessionsState["options"], "log"> };

/** Where the file system cannot do it, as ramfs and NFS before 4.2, it is not asked four times a second. */
const againMs = 60_000;

export async function cutLog({ options, uncut }: CutNeeds, live: Live): Promise<void> {
  const { log, name } = live.record;
  if (log === null || (live.uncutMs !== null && performance.now() < live.uncutMs + againMs)) return;
  const to = firstKept(sizeOf(log.file), log.mostBytes);
  if (to - live.punchedTo < pieceBytes) return;
  try {
    await punchLog(log.file, { from: live.punchedTo, to });
    [live.punchedTo, live.uncutMs] = [to, null];
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    options.log.warn({ session: name, error }, "a session's log could not be cut");
    if (live.uncutMs === null) for (const listener of uncut) listener(name, error);
    live.uncutMs = performance.now();
  }
}
