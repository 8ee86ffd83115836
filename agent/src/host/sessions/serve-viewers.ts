/**
 * SHELL. Sessions for whoever sits at the node, without NATS: a socket that only root may open. It takes asks, a JSON line each, and gives frames, each
 * after its length (4 bytes, the highest first). What is asked and sent is what goes through NATS elsewhere.
 */
import type { Socket } from "node:net";
import type { Log } from "@chimera/proto/log";
import type { SessionName } from "@chimera/proto/sessions/session";
import { maxAskBytes, SessionAsk, sessionsSocketName, type ViewerId } from "@chimera/proto/sessions/view-ask";
import { serveRootSocket, type RootSocket } from "../root-socket.ts";

export interface ViewerSocketOptions {
  runtimeDir: string;
  take: (ask: SessionAsk, send: (frame: Uint8Array) => void) => void;
  log: Log;
}

/** Whoever does not read is sent no more than a few pictures, and then nothing. */
const maxUnreadBytes = 8 << 20;
/** Of one that asks nothing, and asks for nothing any more. */
const idleMs = 60_000;

export function serveViewers(options: ViewerSocketOptions): RootSocket {
  const { runtimeDir, log } = options;
  const onClient = (client: Socket) => serveClient(client, options);
  return serveRootSocket({ runtimeDir, name: sessionsSocketName, allowHalfOpen: false, onClient, log });
}

function serveClient(client: Socket, { take }: ViewerSocketOptions): void {
  const viewers = new Map<ViewerId, SessionName>();
  const send = (frame: Uint8Array) => {
    if (client.destroyed) return;
    if (client.writableLength > maxUnreadBytes) client.destroy();
    else client.write(withLength(frame));
  };
  client.setTimeout(idleMs, () => client.destroy());
  client.on("error", () => client.destroy());
  client.once("close", () => {
    for (const [viewer, session] of viewers)
      take({ v: 1, view: { session, viewer, seen: null, isOver: true } }, send);
  });
  readLines(client, (line) => {
    const ask = SessionAsk.safeParse(parseJson(line)).data;
    // Whoever says something else is not understood, and understands nothing.
    if (ask === undefined) client.destroy();
    else {
      if ("view" in ask) viewers.set(ask.view.viewer, ask.view.session);
      take(ask, send);
    }
  });
}

function withLength(frame: Uint8Array): Buffer {
  const message = Buffer.alloc(4 + frame.length);
  message.writeUInt32BE(frame.length);
  message.set(frame, 4);
  return message;
}

/** Ends a client that sends a line without end. */
function readLines(client: Socket, onLine: (line: string) => void): void {
  let rest = Buffer.alloc(0);
  client.on("data", (piece: Buffer) => {
    rest = Buffer.concat([rest, piece]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      if (client.destroyed) return;
      onLine(rest.toString("utf8", 0, end));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > maxAskBytes) client.destroy();
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
