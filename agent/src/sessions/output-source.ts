/** PURE. What a session's output is to whoever sends it on: bytes by their position, and a picture for whoever begins. */
import type { StreamId, TerminalSize } from "@chimera/proto/sessions/session";
import type { Picture } from "./pane-picture.ts";

export interface OutputSource {
  readonly stream: StreamId;
  /** What is here of the output. */
  held: () => { from: number; to: number };
  /** At most so many bytes from a position that is here. */
  read: (from: number, most: number) => Uint8Array;
  /** Whether all of the output between these positions was counted. */
  isCounted: (from: number, to: number) => boolean;
  /** Why nothing comes from here any more though its session may go on; null as long as something may. */
  lost: () => string | null;
  /** What is to be seen now, and the position of the output that comes next. Throws ChimeraError when nobody can say. */
  picture: () => Promise<Picture & { at: number; size: TerminalSize }>;
  close: () => void;
}
