/**
 * PURE. A log for a terminal that did not run it: of what a watcher's terminal may get, the text and its colours. A log is read
 * below other lines, so nothing in it may move the cursor, erase, or leave a mode behind.
 */
import { createTerminalFilter } from "@chimera/proto/sessions/terminal-filter";

export interface LogFilter {
  /** What of these bytes may be shown. */
  take(bytes: Uint8Array): string;
  /** Ends what colours are left on. */
  end(): string;
}

const esc = String.fromCodePoint(0x1b);
/** What that filter lets through comes whole: ESC [ … letter, ESC ( B, ESC 7. */
const sequence = new RegExp(`${esc}(?:\\[(?<colour>[0-9;:]*m)|\\[[0-?]*[ -/]*[@-~]|[()*+][ -~]|[ -~])`, "gu");

export function createLogFilter(): LogFilter {
  const terminal = createTerminalFilter({ endsStringsAtLine: true });
  const decoder = new TextDecoder();
  let isColoured = false;
  return {
    take(bytes) {
      return decoder
        .decode(terminal.pass(bytes), { stream: true })
        .replaceAll(sequence, (_, colour: string | undefined) => {
          isColoured ||= colour !== undefined;
          return colour === undefined ? "" : `${esc}[${colour}`;
        })
        .replaceAll(/\p{Cc}/gu, (mark) => (`\n\t\r\b${esc}`.includes(mark) ? mark : ""));
    },
    end: () => (isColoured ? `${esc}[0m` : ""),
  };
}
