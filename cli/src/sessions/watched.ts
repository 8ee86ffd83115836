/** PURE. What whoever watches a session is told. */
import type { SessionFacts } from "@chimera/proto/sessions/session";
import type { Seen, Viewed } from "./view-stream.ts";

export type Watched =
  /** `seen`: everything before it was shown, with this. */
  | (Extract<Viewed, { kind: "output" | "screen" | "gap" }> & { seen: Seen | null })
  | Extract<Viewed, { kind: "facts" }>
  /** Nothing comes from there now; it is tried again by itself. */
  | { kind: "away"; why: string }
  /** After that it came back. */
  | { kind: "back" }
  /** All of its output was shown, as far as anybody has it. */
  | { kind: "over"; facts: SessionFacts };

/** Of what has no bytes. */
const overhead = 1024;

/** What it takes while it waits to be shown. */
export function sizeOf(viewed: Viewed): number {
  if (viewed.kind === "output") return viewed.bytes.length;
  return viewed.kind === "screen" ? viewed.history.length + viewed.screen.length : overhead;
}
