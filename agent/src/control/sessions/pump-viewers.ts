/** SHELL. All that may be sent to those who watch one session: output, and pictures for those who begin or missed something. */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { Frame } from "@chimera/proto/sessions/session-frame";
import type { SessionName } from "@chimera/proto/sessions/session";
import { nextFrame } from "../../sessions/next-frame.ts";
import { pictureFrames } from "../../sessions/picture-frames.ts";
import { frameMs, type Viewer, type Watched } from "./watched.ts";

export interface ViewerPump {
  send: (to: { session: SessionName; viewer: Viewer }, frame: Frame) => void;
  /** Nothing comes from its source any more. */
  onLost: (watched: Watched, reason: string) => void;
  /** It cannot be shown a picture. */
  giveUp: (watched: Watched, viewer: Viewer, error: ChimeraError) => void;
  nowMs: () => number;
  log: Log;
}

/** Until the next picture after one that failed, and after how many of them a viewer is told. */
const failedPictureMs = 1_000;
const mostFailedPictures = 5;

/** What comes after a silence is sent at once: whoever types waits for it. */
export function pumpSoon(pump: ViewerPump, watched: Watched): void {
  if (watched.viewers.size === 0) return;
  const waitMs = Math.max(0, watched.pumpedMs + frameMs - pump.nowMs());
  watched.timer ??= setTimeout(() => {
    watched.timer = null;
    watched.pumpedMs = pump.nowMs();
    for (const viewer of watched.viewers.values()) pumpOne(pump, watched, viewer);
  }, waitMs);
}

/** All that may be sent to it now. */
function pumpOne(pump: ViewerPump, watched: Watched, viewer: Viewer): void {
  const { source, session } = watched;
  if (source === null || viewer.isDrawing || viewer.isDone) return;
  for (;;) {
    const next = nextFrame({ sentTo: viewer.sentTo, seenTo: viewer.seenTo, held: source.held() });
    // What had come before it was lost is sent first.
    const lost = next.kind === "output" ? null : source.lost();
    if (lost !== null) pump.onLost(watched, lost);
    else if (next.kind === "screen") void draw(pump, watched, viewer);
    if (next.kind !== "output") return;
    const bytes = source.read(next.from, next.bytes);
    pump.send(
      { session, viewer },
      { head: { kind: "output", stream: source.stream, from: next.from }, bytes },
    );
    viewer.sentTo = next.from + bytes.length;
  }
}

async function draw(pump: ViewerPump, watched: Watched, viewer: Viewer): Promise<void> {
  const { source, session } = watched;
  if (source === null) return;
  viewer.isDrawing = true;
  let waitMs = 0;
  try {
    const picture = await source.picture();
    viewer.failed = 0;
    // Another source since then has positions of its own.
    if (watched.source === source) {
      for (const frame of pictureFrames(picture, source, viewer.sentTo))
        pump.send({ session, viewer }, frame);
      // Nothing more before it says that it has seen this.
      viewer.sentTo = picture.at;
    }
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    pump.log.debug({ session, reason: errorChain(error) }, "a session could not be drawn");
    waitMs = failedPictureMs;
    viewer.failed += 1;
    if (viewer.failed >= mostFailedPictures) pump.giveUp(watched, viewer, error);
  }
  // Nobody draws again and again what cannot be drawn.
  if (waitMs > 0) await delay(waitMs, undefined, { ref: false });
  viewer.isDrawing = false;
  pumpSoon(pump, watched);
}
