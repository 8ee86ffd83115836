/**
 * SHELL. Log lines go to journald's stream socket, not to the pane: a stopped tmux server blocks whoever writes to a
 * pane. The buffer is bounded; what does not fit is dropped and counted.
 */
import { connect, type Socket } from "node:net";

export interface LogSink {
  write: (line: string) => void;
  /** Ends the connection after what is buffered. */
  close: () => void;
}

export interface JournalOptions {
  socket?: string;
  identifier: string;
  /** Journald takes it from root only. */
  unit: string;
  maxBufferedBytes?: number;
}

const reconnectMs = 1_000;

/** What journald expects first: identifier, unit, default priority, then whether lines begin with `<N>`, then three forwards. */
export function journalHeader({ identifier, unit }: Pick<JournalOptions, "identifier" | "unit">): string {
  return `${identifier}\n${unit}\n6\n1\n0\n0\n0\n`;
}

/** Lines must end in a newline and may begin with `<priority>`. */
export function openJournal(options: JournalOptions): LogSink {
  const { socket = "/run/systemd/journal/stdout", maxBufferedBytes = 256 << 10 } = options;
  let stream: Socket | null = null;
  let timer: NodeJS.Timeout | null = null;
  let dropped = 0;
  let closed = false;

  const open = () => {
    timer = null;
    // Journald ends its own direction at once: without half-open, Node would end ours too.
    const next = connect({ path: socket, allowHalfOpen: true });
    next.unref();
    next.write(journalHeader(options));
    // An error is followed by close, which reconnects.
    next.on("error", () => undefined);
    next.on("close", () => {
      stream = null;
      if (!closed && timer === null) timer = setTimeout(open, reconnectMs).unref();
    });
    stream = next;
  };

  open();
  return {
    write(line) {
      if (stream === null || stream.writableLength + line.length > maxBufferedBytes) {
        dropped += 1;
        return;
      }
      if (dropped > 0) {
        stream.write(`<4>{"level":"warn","msg":"log lines were dropped","count":${dropped}}\n`);
        dropped = 0;
      }
      stream.write(line);
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      stream?.end();
    },
  };
}
