/** SHELL. Writes the journal before the step. Nothing is done that is not on disk, but for the way back. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { isWayBack, type Journal } from "./reconcile/journal.ts";

function isGoingBack(journal: Journal): boolean {
  return journal.step === "reverting" || isWayBack(journal);
}

/**
 * A way back is not given up because it cannot be written down, as on a disk that the new system has filled: what is on disk
 * still says that the system is unproven, and so whoever starts again goes back too.
 */
export function saveJournal(journal: Journal, write: () => void, log: Log): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof ChimeraError) || !isGoingBack(journal)) throw error;
    log.error({ error }, "way back could not be written down, and goes on");
  }
}
