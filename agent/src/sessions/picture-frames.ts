/** PURE. A picture of a session in as many frames as it needs. */
import { maxFrameBytes, type Frame } from "@chimera/proto/sessions/session-frame";
import type { OutputSource } from "./output-source.ts";

/** @param sentTo what the viewer was sent before; null: nothing */
export function pictureFrames(
  { history, screen, at, size }: Awaited<ReturnType<OutputSource["picture"]>>,
  { stream, isCounted }: Pick<OutputSource, "stream" | "isCounted">,
  sentTo: number | null,
): Frame[] {
  const whole = Buffer.concat([history, screen]);
  const count = Math.max(1, Math.ceil(whole.length / maxFrameBytes));
  // Null where it is new, and where nobody counted.
  const lost = sentTo === null || !isCounted(sentTo, at) ? null : at - sentTo;
  return Array.from({ length: count }, (_, part) => ({
    head: {
      kind: "screen",
      stream,
      at,
      size,
      history: history.length,
      lost,
      isFirst: part === 0,
      isLast: part === count - 1,
    },
    bytes: whole.subarray(part * maxFrameBytes, (part + 1) * maxFrameBytes),
  }));
}
