/** For tests: somebody who watches a session over NATS, and keeps all that he is sent. */
import { randomBytes } from "node:crypto";
import { decodeFrame, type Frame } from "@chimera/proto/sessions/session-frame";
import { SessionName } from "@chimera/proto/sessions/session";
import { ViewerId, type SessionAsk } from "@chimera/proto/sessions/view-ask";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { fleetId, node } from "../fleet-fixture.ts";

export interface Watching {
  frames: Frame[];
  /** From the begin. */
  ask: () => void;
  /** The output that has come, in one piece. */
  text: () => string;
}

export const newViewer = (): ViewerId => ViewerId.parse(randomBytes(16).toString("hex"));

/** Frames for that viewer, as they come; `session` may also be the list's token. */
export function hearFrames(operator: NatsConnection, session: string, viewer: ViewerId): Frame[] {
  const frames: Frame[] = [];
  operator.subscribe(subjects.sessionView(fleetId, node, { session, viewer }), {
    callback: (_error, { data }) => {
      const frame = decodeFrame(data);
      if (frame !== null) frames.push({ ...frame, bytes: Buffer.from(frame.bytes) });
    },
  });
  return frames;
}

export function watchSession(operator: NatsConnection, name: string): Watching {
  const viewer = newViewer();
  const frames = hearFrames(operator, name, viewer);
  return {
    frames,
    ask() {
      const view = { session: SessionName.parse(name), viewer, seen: null, isOver: false };
      const ask: SessionAsk = { v: 1, view };
      operator.publish(subjects.cmd(fleetId, node), JSON.stringify(ask));
    },
    text: () => textOf(frames),
  };
}

export function textOf(frames: readonly Frame[]): string {
  return frames
    .map(({ head, bytes }) =>
      head.kind === "output" || head.kind === "screen" ? Buffer.from(bytes).toString("utf8") : "",
    )
    .join("");
}
