/** PURE. Where a viewer goes on who was here before. */
import type { Frame } from "@chimera/proto/sessions/session-frame";
import type { SessionFacts } from "@chimera/proto/sessions/session";
import type { ViewAsk } from "@chimera/proto/sessions/view-ask";
import type { OutputSource } from "./output-source.ts";
import { pictureFrames } from "./picture-frames.ts";

const nothing = new Uint8Array(0);

/**
 * As long as what came since is here, and of a log, which needs no screen, with what is left of it: the frames then say what is gone. Null for
 * whoever begins.
 */
export function resumeAt(
  wish: ViewAsk["view"]["seen"],
  source: Pick<OutputSource, "stream" | "held" | "isCounted"> | null,
  facts: Pick<SessionFacts, "output" | "size"> | null,
): { at: number; frames: Frame[] } | null {
  if (wish === null || source === null || wish.stream !== source.stream) return null;
  const { from, to } = source.held();
  if (wish.to > to) return null;
  if (wish.to >= from || facts?.output !== "log") return { at: wish.to, frames: [] };
  const empty = { history: nothing, screen: nothing, at: from, size: facts.size };
  return { at: from, frames: pictureFrames(empty, source, wish.to) };
}
