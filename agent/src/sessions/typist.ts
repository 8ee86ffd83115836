/** PURE. Somebody's keys on their way into the terminal of one session. */
import type { TerminalSize } from "@chimera/proto/sessions/session";

export interface Typist {
  /** In the sequence in which they are given. Throws tool-failed. */
  type: (keys: Uint8Array) => Promise<void>;
  /** Throws tool-failed. */
  resize: (size: TerminalSize) => Promise<void>;
  close: () => void;
}
