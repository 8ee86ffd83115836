/**
 * SHELL. A copy of the log for whoever looks at the pane, over a descriptor of its own that never blocks:
 * process.stdout is synchronous for terminals and pipes, and would stop the agent with its tmux server.
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { LogSink } from "./journal-socket.ts";

/** Null where the descriptor cannot be opened again, as with a socket or nothing at all. */
export function openPaneCopy(descriptor = 1): LogSink | null {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY, O_APPEND } = constants;
  let file: number;
  try {
    file = openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_APPEND);
  } catch {
    return null;
  }
  let open = true;
  return {
    write(line) {
      if (!open) return;
      try {
        writeSync(file, line);
      } catch {
        // Full or gone: the journal has the line.
      }
    },
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}
