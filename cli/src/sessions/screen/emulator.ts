/**
 * SHELL. A terminal that nobody sits at: it takes what a session's programs write for theirs, of the size that it has there, and says what is to be seen.
 * Questions that programs ask it are answered to nobody.
 */
import { createTerminalFilter } from "@chimera/proto/sessions/terminal-filter";
import type { TerminalSize } from "@chimera/proto/sessions/session";
import headless, { type IBufferLine } from "@xterm/headless";

export interface Emulator {
  /** Resolves when it was taken. */
  write(bytes: Uint8Array): Promise<void>;
  resize(size: TerminalSize): void;
  /** As if nothing had been written. */
  clear(): void;
  size(): TerminalSize;
  cursor(): { x: number; y: number; isShown: boolean };
  /** Of the screen, from the top. */
  row(y: number): IBufferLine | undefined;
  /** What scrolled away, and then the screen. */
  lines(): IBufferLine[];
}

const scrollback = 5_000;

export function createEmulator(size: TerminalSize): Emulator {
  const terminal = new headless.Terminal({
    cols: size.columns,
    rows: size.rows,
    scrollback,
    allowProposedApi: true,
  });
  let filter = createTerminalFilter();
  let isShown = true;
  for (const [final, shows] of [
    ["h", true],
    ["l", false],
  ] as const) {
    terminal.parser.registerCsiHandler({ prefix: "?", final }, (parameters) => {
      if (parameters.includes(25)) isShown = shows;
      return false;
    });
  }
  const active = () => terminal.buffer.active;
  return {
    write: (bytes) =>
      new Promise((resolve) => {
        terminal.write(filter.pass(bytes), resolve);
      }),
    resize: ({ columns, rows }) => {
      if (columns !== terminal.cols || rows !== terminal.rows) terminal.resize(columns, rows);
    },
    clear() {
      terminal.reset();
      filter = createTerminalFilter();
      isShown = true;
    },
    size: () => ({ columns: terminal.cols, rows: terminal.rows }),
    cursor: () => ({ x: Math.min(active().cursorX, terminal.cols - 1), y: active().cursorY, isShown }),
    row: (y) => active().getLine(active().baseY + y),
    lines: () =>
      Array.from({ length: active().length }, (_, y) => active().getLine(y)).flatMap((line) => line ?? []),
  };
}
