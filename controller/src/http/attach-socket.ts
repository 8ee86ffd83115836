/**
 * SHELL. One viewer of a session over a WebSocket: asks come in, frames go out. A viewer that asks no more, reads no more, or may read no more is
 * let go; the node sends nobody more than was asked for, so nothing piles up here but what a node sends against its own rules.
 */
import { ChimeraError } from "@chimera/proto/errors";
import { WatchSaid } from "@chimera/proto/sessions/session-api";
import { unseenBytes, viewerGoneMs } from "@chimera/proto/sessions/view-ask";
import type { WebSocketLike } from "@hono/node-server";
import type { WSContext, WSEvents } from "hono/ws";
import { WebSocket } from "ws";
import type { SessionAt, SessionStore, SessionWatch } from "../store/session-store.ts";

export interface AttachOptions {
  sessions: Pick<SessionStore, "watch">;
  at: SessionAt;
  /** Whether its token still is one. */
  mayRead: () => boolean;
  /** Whether its role is one that may change something: what it types counts only where the node gave it the keyboard. */
  mayType: () => boolean;
  /** Null where too many watch already; else what ends it. */
  begin: () => (() => void) | null;
}

/** Beyond what a node may send unasked for. */
const mostWaiting = 2 * unseenBytes;
const lookMs = 5_000;
/** RFC 6455, section 7.4.1, and the registry of IANA. */
const closeCodes = { policy: 1008, later: 1013 } as const;

export function attachSocket(options: AttachOptions): WSEvents<WebSocketLike> {
  const { sessions, at, mayRead, mayType, begin } = options;
  let watch: SessionWatch | null = null;
  let end: (() => void) | null = null;
  let askedMs = performance.now();
  return {
    onOpen(_, socket) {
      const leave = begin();
      if (leave === null) return socket.close(closeCodes.later, tooMany);
      const begun = sessions.watch(at, (frame) => {
        // A goodbye would wait behind all the rest.
        if (waitingBytes(socket) > mostWaiting) cutOff(socket);
        else socket.send(new Uint8Array(frame));
      });
      const timer = setInterval(() => {
        if (performance.now() - askedMs > viewerGoneMs)
          socket.close(closeCodes.policy, "no ask for too long");
        if (!mayRead()) socket.close(closeCodes.policy, "the token is no longer one");
      }, lookMs);
      watch = begun;
      end = () => {
        clearInterval(timer);
        begun.end();
        leave();
      };
    },
    onMessage({ data }, socket) {
      askedMs = performance.now();
      const said = saidBy(data);
      if (said === undefined) socket.close(closeCodes.policy, "that is no ask");
      else if (!mayRead()) socket.close(closeCodes.policy, "the token is no longer one");
      else if ("typed" in said && !mayType()) socket.close(closeCodes.policy, "this token may only watch");
      else orClose(socket, () => pass(watch, said));
    },
    onClose: () => end?.(),
  };
}

function saidBy(data: unknown): WatchSaid | undefined {
  return typeof data === "string" ? WatchSaid.safeParse(parseJson(data)).data : undefined;
}

function pass(watch: SessionWatch | null, said: WatchSaid): void {
  if ("typed" in said) watch?.type(said.typed);
  else watch?.ask(said);
}

export const tooMany = "too many watch already: close one, or try again later";

function waitingBytes({ raw }: WSContext<WebSocketLike>): number {
  return raw instanceof WebSocket ? raw.bufferedAmount : 0;
}

function cutOff({ raw }: WSContext<WebSocketLike>): void {
  if (raw instanceof WebSocket) raw.terminate();
}

function orClose(socket: WSContext<WebSocketLike>, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    socket.close(closeCodes.later, error.message.slice(0, 100));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
