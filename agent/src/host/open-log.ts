/** SHELL. The agent's log: to the journal's socket, with a copy in the pane; to standard error where no journald is. */
import { existsSync } from "node:fs";
import { createLog, type Log, type LogLevel } from "@chimera/proto/log";
import { openJournal } from "./journal-socket.ts";
import { openPaneCopy } from "./pane-copy.ts";

const journalSocket = "/run/systemd/journal/stdout";

export interface AgentLog {
  log: Log;
  close: () => void;
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
