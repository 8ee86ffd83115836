/** PURE. Which part of a session's screen a window shows: all of it where it fits, else the part in which the cursor is. */
import type { TerminalSize } from "@chimera/proto/sessions/session";

export interface Extent {
  columns: number;
  rows: number;
}

export interface ViewPort {
  left: number;
  top: number;
  columns: number;
  rows: number;
  isPart: boolean;
}

/** @param cursor from 0, on the session's screen */
export function viewPort(session: TerminalSize, window: Extent, cursor: { x: number; y: number }): ViewPort {
  // The last row says what is shown.
  const rows = Math.max(1, Math.min(session.rows, window.rows - 1));
  const columns = Math.max(1, Math.min(session.columns, window.columns));
  return {
    left: offset(session.columns, columns, cursor.x),
    top: offset(session.rows, rows, cursor.y),
    columns,
    rows,
    isPart: rows < session.rows || columns < session.columns,
  };
}

/** It moves only when it must: what is looked at stays where it is. */
function offset(whole: number, part: number, cursor: number): number {
  return Math.max(0, Math.min(whole - part, cursor - part + 1));
}
