/** SHELL. What failed by itself is denied before the way back is written down, or as soon as the disk takes it. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { failedSystem, type FailedSystem } from "../desired/node-facts.ts";
import type { Journal } from "../reconcile/journal.ts";

export interface Denier {
  /** Before the journal: should the agent die in between, it judges, and says so, again. */
  note: (before: Journal | null, next: Journal) => void;
  /** Once more, where it could not be written. */
  retry: () => void;
}

/** `deny` returns once it is on disk. */
export function createDenier(deny: (failed: FailedSystem) => void, log: Log): Denier {
  let owed: FailedSystem | null = null;
  const retry = () => {
    const failed = owed;
    if (failed === null) return;
    try {
      deny(failed);
      owed = null;
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      log.error({ error, toplevel: failed.toplevel }, "system could not be denied yet");
    }
  };
  return {
    note(before, next) {
      owed = failedSystem(before, next) ?? owed;
      retry();
    },
    retry,
  };
}
