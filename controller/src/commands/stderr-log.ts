/** SHELL. The log on stderr, with journald's priorities when the journal reads it. */
import { createLog, type Log, type LogLevel } from "@chimera/proto/log";

export function stderrLog(version: string, level: LogLevel): Log {
  return createLog({
    fields: { program: "controller", version },
    write: (line) => void process.stderr.write(line),
    level,
    journal: process.env["JOURNAL_STREAM"] !== undefined,
  });
}
