/** SHELL. A few lines at the end of a terminal that are drawn anew in place; what is said beside them meanwhile stays above them. */
import type { Io } from "../io.ts";

export interface LiveBlock {
  /** For all who speak while the block is there. */
  io: Io;
  draw: (lines: readonly string[]) => void;
}

const escape = "\u001B[";
/** A line that would wrap would be two, and the block would be drawn in the wrong place. */
const [wrapOff, wrapOn] = [`${escape}?7l`, `${escape}?7h`];

export function createLiveBlock(io: Io): LiveBlock {
  let shown = "";
  let height = 0;
  const erased = () => (height === 0 ? "" : `${escape}${height}A${escape}J`);
  return {
    io: { ...io, err: (text) => io.err(`${erased()}${text}${shown}`) },
    draw(lines) {
      const next = lines.map((line) => `${wrapOff}${line}${wrapOn}\n`).join("");
      io.err(`${erased()}${next}`);
      shown = next;
      height = lines.length;
    },
  };
}
