/**
 * PURE. What a viewer of a session gets next. It is sent no more than its line carries: so much beyond what it said to have seen, and what is
 * no longer here by then is skipped, with a picture of the screen in its place.
 */
import { maxFrameBytes } from "@chimera/proto/sessions/session-frame";
import { unseenBytes } from "@chimera/proto/sessions/view-ask";

export interface ViewerSight {
  /** Everything before that position was sent; null: nothing yet. */
  sentTo: number | null;
  /** It said that it has seen that much. */
  seenTo: number;
  /** What is here of the output. */
  held: { from: number; to: number };
}

export type NextFrame =
  | { kind: "nothing" }
  /** The screen as it is now; so many bytes are never sent, null where it has seen nothing yet. */
  | { kind: "screen"; lost: number | null }
  | { kind: "output"; from: number; bytes: number };

export function nextFrame({ sentTo, seenTo, held }: ViewerSight): NextFrame {
  if (sentTo === null) return { kind: "screen", lost: null };
  if (sentTo - seenTo >= unseenBytes) return { kind: "nothing" };
  if (sentTo < held.from) return { kind: "screen", lost: held.to - sentTo };
  const bytes = Math.min(held.to - sentTo, maxFrameBytes, unseenBytes - (sentTo - seenTo));
  return bytes > 0 ? { kind: "output", from: sentTo, bytes } : { kind: "nothing" };
}
