/**
 * SHELL. What happens while there is no agent is told by it later: events wait in its outbox, and a system that failed by
 * itself is denied in the accepted state. Both lie in the state folder, and no agent runs meanwhile.
 */
import { join } from "node:path";
import { quarantineHere, TrustState } from "@chimera/proto/acceptance/trust-state";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import { editGrowing } from "../host/state/growing-document.ts";
import { createDenier } from "../wiring/deny-failed.ts";
import type { FailedSystem } from "../desired/node-facts.ts";
import type { Journal } from "../reconcile/journal.ts";

export interface OfflineReport {
  event: (event: NodeEventBody) => void;
  /** Before the journal is written: a system that failed must be denied even if this process dies in between. */
  moved: (before: Journal | null, next: Journal) => void;
  corrupt: (keptAs: string) => void;
}

export interface OfflineReportOptions {
  stateDir: string;
  keep: (event: NodeEventBody) => void;
  log: Log;
}

export function createOfflineReport({ stateDir, keep, log }: OfflineReportOptions): OfflineReport {
  const denier = createDenier((failed) => deny(join(stateDir, "trust.json"), failed), log);
  return {
    event: keep,
    moved(before, next) {
      log.info({ step: next.step, toplevel: next.toplevel }, "journal moved");
      denier.note(before, next);
    },
    corrupt: (keptAs) =>
      keep({
        type: "alarm",
        data: { code: "file-unreadable", message: `the journal was unreadable and lies at ${keptAs}` },
      }),
  };
}

/** A node that has accepted nothing yet has nothing to deny. */
function deny(file: string, failed: FailedSystem): void {
  editGrowing(file, TrustState, (trust) =>
    quarantineHere(trust, { ...failed, at: new Date().toISOString() }),
  );
}
