/** SHELL. The agent's log: to the journal's socket, with a copy in the pane; to standard error where no journald is. */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createLog, type Log, type LogLevel } from "@chimera/proto/log";
import { openJournal } from "./journal-socket.ts";
import { openPaneCopy } from "./pane-copy.ts";

/** The journal's socket takes lines without telling when it has them. */
export const journalMs = 20;
const journalSocket = "/run/systemd/journal/stdout";

export interface AgentLog {
  log: Log;
  close: () => void;
}

/** For what ends the agent: its pane is gone with the next start, the journal stays. */
export async function logFailure(error: unknown, socket = journalSocket): Promise<void> {
  if (!existsSync(socket)) return;
  const journal = openJournal({ socket, identifier: "chimera-agent", unit: "chimera-sentinel.service" });
  createLog({ fields: {}, level: "error", write: journal.write, journal: true }).error(
    { error },
    "agent failed",
  );
  journal.close();
  await delay(journalMs);
}

export function openLog(fields: Record<string, unknown>, level: LogLevel): AgentLog {
  const pane = openPaneCopy();
  const journal = existsSync(journalSocket)
    ? openJournal({ identifier: "chimera-agent", unit: "chimera-sentinel.service" })
    : null;
  const write = (line: string) => {
    journal?.write(line);
    pane?.write(journal === null ? line : line.replace(/^<\d>/, ""));
  };
  return {
    log: createLog({ fields, level, write, journal: journal !== null }),
    close() {
      journal?.close();
      pane?.close();
    },
  };
}
