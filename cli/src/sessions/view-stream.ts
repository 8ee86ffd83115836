/**
 * PURE. What a viewer makes of the frames that a node sends: output in one piece, whatever was lost on the way. Frames that came before say nothing
 * again; a piece that is missing is asked for anew, and what the node no longer has is told with its size.
 */
import type { Frame } from "@chimera/proto/sessions/session-frame";
import type { SessionFacts, StreamId, TerminalSize } from "@chimera/proto/sessions/session";

export type Viewed =
  /** Output, as it follows what came before. */
  | { kind: "output"; bytes: Uint8Array }
  /** In place of all that is shown: what had scrolled away, then the screen. */
  | { kind: "screen"; history: Uint8Array; screen: Uint8Array; size: TerminalSize }
  /** So many bytes will never be shown; null where nobody counted them. */
  | { kind: "gap"; bytes: number | null }
  | { kind: "facts"; facts: SessionFacts }
  /** The line lost something that the node still has: to be asked for under another name, from there. */
  | { kind: "again"; seen: Seen }
  | { kind: "refused"; code: string; message: string };

export interface Seen {
  stream: StreamId;
  /** Everything before it was shown. */
  to: number;
}

export interface ViewStream {
  take: (frame: Frame) => Viewed[];
  /** Null before anything was shown. */
  seen: () => Seen | null;
}

const mostPictureBytes = 16 << 20;

interface State {
  seen: Seen | null;
  /** Parts of a picture that is not whole yet. */
  parts: Uint8Array[] | null;
}

export function createViewStream(from: Seen | null = null): ViewStream {
  const state: State = { seen: from, parts: null };
  return {
    take(frame) {
      const { head } = frame;
      switch (head.kind) {
        case "output":
          return output(state, head, frame.bytes);
        case "screen":
          return screen(state, head, frame.bytes);
        case "facts":
          return [{ kind: "facts", facts: head.facts }];
        // Asked for by nobody who watches one session.
        case "list":
          return [];
        case "refused":
          return [{ kind: "refused", code: head.code, message: head.message }];
      }
    },
    seen: () => state.seen,
  };
}

type Head<Kind extends Frame["head"]["kind"]> = Extract<Frame["head"], { kind: Kind }>;

function output(state: State, { stream, from }: Head<"output">, bytes: Uint8Array): Viewed[] {
  const { seen } = state;
  // Before a picture of this stream nobody can say what it follows.
  if (seen === null || seen.stream !== stream) return [];
  if (from > seen.to) return [{ kind: "again", seen }];
  const fresh = bytes.subarray(seen.to - from);
  if (fresh.length === 0) return [];
  state.seen = { stream, to: seen.to + fresh.length };
  return [{ kind: "output", bytes: fresh }];
}

function screen(state: State, head: Head<"screen">, bytes: Uint8Array): Viewed[] {
  if (head.isFirst) state.parts = [];
  if (state.parts === null) return [];
  state.parts.push(bytes);
  // No terminal has as much to show: whoever sends on and on is given up.
  if (state.parts.reduce((sum, part) => sum + part.length, 0) > mostPictureBytes) state.parts = null;
  if (state.parts === null) return [];
  if (!head.isLast) return [];
  const whole = joined(state.parts);
  const isNew = state.seen === null;
  state.parts = null;
  state.seen = { stream: head.stream, to: head.at };
  const gap: Viewed[] = isNew ? [] : [{ kind: "gap", bytes: head.lost }];
  const [history, shown] = [whole.subarray(0, head.history), whole.subarray(head.history)];
  return [...gap, { kind: "screen", history, screen: shown, size: head.size }];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
