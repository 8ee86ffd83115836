/** SHELL. The HTTP server: every time-out set, and an end that lets running answers finish. */
import { once } from "node:events";
import { createServer, Server, type IncomingMessage } from "node:http";
import { ChimeraError } from "@chimera/proto/errors";
import { createAdaptorServer, type WebSocketServerLike } from "@hono/node-server";
import { WebSocketServer } from "ws";
import { z } from "zod";
import type { ControllerConfig } from "../config.ts";
import { attachProtocol } from "./access.ts";
import type { createApp } from "./app.ts";
import { answerSecurely } from "./security-headers.ts";

const second = 1000;
const drainMs = 4 * second;

const serverOptions = {
  headersTimeout: 15 * second,
  // A NAR may take its time; a silent connection may not (its own time-out, below).
  requestTimeout: 3600 * second,
  keepAliveTimeout: 65 * second,
  connectionsCheckingInterval: 5 * second,
  maxHeaderSize: 16 * 1024,
  // Node's own refusal would carry none of our headers; the adapter refuses it too.
  requireHostHeader: false,
  shouldUpgradeCallback: isForViewers,
};

/**
 * Whoever offers another protocol, as curl does HTTP/2, is answered in this one. So is a WebSocket where there is none: an answer
 * that goes on would be read by nobody, and would keep its seat.
 */
function isForViewers({ headers, url = "" }: IncomingMessage): boolean {
  const path = url.split("?", 1)[0] ?? "";
  return headers.upgrade?.toLowerCase() === "websocket" && path.endsWith("/attach");
}

export interface Listening {
  port: number;
  /** Stops accepting, lets running requests finish, ends the rest after 4 s. */
  close(): Promise<void>;
}

/** Throws config-invalid when the address cannot be taken. */
export async function listen(
  app: ReturnType<typeof createApp>,
  { host, port }: ControllerConfig["listen"],
): Promise<Listening> {
  const { server, sockets } = createServers(app);
  server.timeout = 300 * second;
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw new ChimeraError("config-invalid", `listen on ${host}:${port}`, { cause });
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets.clients) socket.close(1001, "the controller stops");
      server.closeIdleConnections();
      const end = setTimeout(() => {
        server.closeAllConnections();
        for (const socket of sockets.clients) socket.terminate();
      }, drainMs);
      await closed;
      clearTimeout(end);
    },
  };
}

function createServers(app: ReturnType<typeof createApp>) {
  const sockets = new WebSocketServer({
    noServer: true,
    // Whoever watches says little; what it is shown is small already, or cannot be made so cheaply.
    maxPayload: 4096,
    perMessageDeflate: false,
    handleProtocols: (offered: Set<string>) => (offered.has(attachProtocol) ? attachProtocol : false),
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    websocket: { server: asHonoHasIt.parse(sockets) },
    createServer,
    serverOptions,
  });
  if (!(server instanceof Server)) throw new Error("another server was asked for");
  answerSecurely(server);
  return { server, sockets };
}

/** The one that its own pages show; the types of both differ in what may be undefined. */
const asHonoHasIt = z.custom<WebSocketServerLike>((value) => value instanceof WebSocketServer);
