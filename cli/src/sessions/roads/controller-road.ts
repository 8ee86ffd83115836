/** SHELL. To sessions by way of the controller: lists and what was kept by HTTP, a view over a WebSocket. */
import { once } from "node:events";
import { ChimeraError } from "@chimera/proto/errors";
import { joinKeptPages } from "@chimera/proto/sessions/kept-page";
import { maxFrameBytes } from "@chimera/proto/sessions/session-frame";
import type { WatchSaid } from "@chimera/proto/sessions/session-api";
import type { RawData, WebSocket } from "ws";
import type { SessionApi } from "../../api/session-api.ts";
import { codeOfStatus } from "../../api/http.ts";
import { printableLine } from "../../print/printable.ts";
import type { Hearing, SessionRoad, ViewLine } from "./session-road.ts";

export interface ControllerAccess {
  api: SessionApi;
  /** Without a slash at its end. */
  url: string;
  token: string | undefined;
}

const openMs = 5_000;
const pingMs = 5_000;

export function createControllerRoad({ api, url, token }: ControllerAccess): SessionRoad {
  return {
    over: "the controller",
    list: (which) => api.sessions(which),
    async kept({ node, session }) {
      const pages = await api.keptPages(node, session);
      const joined = joinKeptPages(pages.map(({ page }) => Buffer.from(page, "base64")));
      return joined === null ? null : { ...joined, saidAt: pages.at(-1)?.saidAt ?? "" };
    },
    view: ({ node, session }, hearing) =>
      openLine(
        { url: `${url.replace(/^http/u, "ws")}/v1/sessions/${node}/${session}/attach`, token },
        hearing,
      ),
    close: () => Promise.resolve(),
  };
}

async function openLine(
  { url, token }: { url: string; token: string | undefined },
  hearing: Hearing,
): Promise<ViewLine> {
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(url, "chimera.attach.v1", {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    handshakeTimeout: openMs,
    maxPayload: maxFrameBytes + 8192,
    perMessageDeflate: false,
    followRedirects: false,
  });
  await opened(socket, url);
  const stopPings = watchPulse(socket);
  socket.on("message", (data, isBinary) => {
    if (isBinary) hearing.frame(bytesOf(data));
  });
  // Whatever went wrong, the connection closes next.
  socket.on("error", () => undefined);
  socket.once("close", (code, reason) => {
    stopPings();
    const why = printableLine(reason.toString("utf8"));
    hearing.broken(`the controller ended the connection (${why === "" ? code : why})`);
  });
  return {
    ask: (seen) => say(socket, { v: 1, seen }),
    type: (message) => say(socket, { v: 1, typed: message }),
    close() {
      stopPings();
      socket.removeAllListeners("close");
      socket.close();
      setTimeout(() => socket.terminate(), 500).unref();
    },
  };
}

function say(socket: WebSocket, said: WatchSaid): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(said));
}

/** Throws what the controller refuses with its code, server-unreachable where nobody answers. */
async function opened(socket: WebSocket, url: string): Promise<void> {
  const refused = Promise.withResolvers<never>();
  socket.once("unexpected-response", (request, { statusCode = 0 }) => {
    request.destroy();
    refused.reject(new ChimeraError(codeOfStatus(statusCode), `${url}: HTTP ${statusCode}`));
  });
  try {
    await Promise.race([once(socket, "open"), refused.promise]);
  } catch (cause) {
    socket.on("error", () => undefined);
    socket.terminate();
    if (cause instanceof ChimeraError) throw cause;
    throw new ChimeraError("server-unreachable", url, { cause });
  }
}

/** A connection that hangs is noticed by nobody else for minutes. */
function watchPulse(socket: WebSocket): () => void {
  let isAlive = true;
  socket.on("pong", () => (isAlive = true));
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingMs);
  return () => clearInterval(timer);
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
